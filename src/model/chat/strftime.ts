const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

const two = (number: number): string => String(number).padStart(2, '0');

/** What each directive of Python's strftime writes, in the C locale that Python begins with. */
const DIRECTIVES: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  B: (date) => MONTHS[date.getMonth()]!,
  b: (date) => MONTHS[date.getMonth()]!.slice(0, 3),
  A: (date) => DAYS[date.getDay()]!,
  a: (date) => DAYS[date.getDay()]!.slice(0, 3),
  H: (date) => two(date.getHours()),
  I: (date) => two(((date.getHours() + 11) % 12) + 1),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  '-d': (date) => String(date.getDate()),
  '-m': (date) => String(date.getMonth() + 1),
  '%': () => '%',
};

/**
 * A local time as Python's `date.strftime(format)` writes it: `%d %b %Y` of 26 July 2024 is '26 Jul 2024'. Throws an Error
 * for a directive it does not know.
 */
export const strftime = (date: Date, format: string): string =>
  format.replace(/%(-?.)?/gs, (found, directive: string) => {
    const write = DIRECTIVES[directive];
    if (write === undefined) throw new Error(`strftime_now has ${found}, which is not computed here`);
    return write(date);
  });
