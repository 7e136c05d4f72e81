/** Rows of a tensor that are read at once. */
export interface Piece {
  name: string;
  first_row: number;
  end_row: number;
  /** As they are stored. */
  bytes: number;
}

/** Reads rows of a tensor into the first bytes of `room`, which it returns; without room into bytes of their own. */
export type ReadRows = (
  name: string,
  first_row: number,
  end_row: number,
  room?: Uint8Array<ArrayBuffer>,
) => Promise<Uint8Array<ArrayBuffer>>;

/** A reader that reads ahead. */
export interface Ahead {
  /** The rows asked for. They may be written over as soon as the next ones are asked for. */
  read: (name: string, first_row: number, end_row: number) => Promise<Uint8Array<ArrayBuffer>>;
  /** Waits until nothing is read any more; to be called when the tensors' source may be closed. */
  end(): Promise<void>;
}

/**
 * Reads pieces in their order, each while the one before it is on its way to the device. Two are in memory at a time:
 * one that was handed out, and the next, in two rooms that serve in turn. What is asked for out of order is read by
 * itself.
 */
export function readAhead(pieces: readonly Piece[], readRows: ReadRows): Ahead {
  const most = pieces.reduce((largest, { bytes }) => Math.max(largest, bytes), 0);
  const rooms: Uint8Array<ArrayBuffer>[] = [];
  let next = 0;
  let coming: Promise<Uint8Array<ArrayBuffer>> | undefined;

  function begin(): typeof coming {
    const piece = pieces[next];
    if (!piece) return undefined;
    const room = (rooms[next % 2] ??= new Uint8Array(most));
    const reading = readRows(piece.name, piece.first_row, piece.end_row, room);
    // Heard of where it is asked for.
    reading.catch(() => undefined);
    return reading;
  }

  return {
    async read(name, first_row, end_row) {
      const piece = pieces[next];
      if (piece?.name !== name || piece.first_row !== first_row || piece.end_row !== end_row) {
        return readRows(name, first_row, end_row);
      }
      const bytes = await (coming ?? begin()!);
      next++;
      coming = begin();
      return bytes;
    },
    async end() {
      next = pieces.length;
      await coming?.catch(() => undefined);
    },
  };
}
