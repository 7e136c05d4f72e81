import { LabError } from '../errors.ts';
import { undecoratedQuery } from './chat_link.ts';
import { packJson, unpackJson } from './packed_json.ts';
import { printSpec, readSpec } from './spec_query.ts';
import { parseSpec, type ExperimentSpec } from './spec.ts';

/** Longer queries are cut off by some programs that pass links on: from here on a spec is packed. */
const MAX_READABLE_CHARACTERS = 1900;

/** Longer texts are refused before anything is done with them; a packed spec takes a few hundred characters. */
const ROOM = { characters: 16 * 1024, bytes: 64 * 1024 };

/** The hash of the page that opens an experiment: its knobs where a person can read them, or packed where they are many. */
export async function specHash(spec: ExperimentSpec): Promise<string> {
  const readable = printSpec(spec);
  const query = readable.length <= MAX_READABLE_CHARACTERS ? readable : `spec=${await packJson(spec)}`;
  return `#/experiment?${query}`;
}

/**
 * The spec that the query of an experiment's address carries in either form, checked like any other.
 * @throws bad-link when it is damaged, too long, or from a newer version; bad-spec when what it says is not allowed.
 */
export async function specOfQuery(address: string): Promise<ExperimentSpec> {
  requireRoom(address, 2 * ROOM.characters);
  const query = undecoratedQuery(address);
  const packed = new URLSearchParams(query).get('spec');
  if (packed !== null) return parseSpec(await unpackJson(packed, ROOM));
  requireRoom(query, ROOM.characters);
  return parseSpec(readSpec(query));
}

function requireRoom({ length }: string, most: number): void {
  if (length <= most) return;
  throw new LabError('bad-link', `The link has ${length} characters; allowed: ${ROOM.characters}.`);
}
