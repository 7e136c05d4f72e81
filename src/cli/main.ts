import { commandLine } from './command_line.ts';

await commandLine(process.argv.slice(2));
