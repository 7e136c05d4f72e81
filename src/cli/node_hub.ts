import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HUGGING_FACE, type Hub } from '../lab/hub.ts';
import { cacheShelf } from './hub_cache.ts';

/** Variables that the Hub's own tools read. */
type Variables = Readonly<Record<string, string | undefined>>;

/** A folder that begins with "~" as a shell reads it. */
const home = (path: string): string => path.replace(/^~(?=\/|$)/, homedir());

const folderOf = (env: Variables): string =>
  home(env.HF_HOME || join(env.XDG_CACHE_HOME || '~/.cache', 'huggingface'));

/** The folder where the Hub's tools keep what they download: $HF_HUB_CACHE, or "hub" in $HF_HOME. */
export const cacheFolder = (env: Variables): string =>
  home(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(folderOf(env), 'hub'));

/** The token the Hub's tools would use: $HF_TOKEN, or what `hf auth login` wrote down; undefined for none. */
export function savedToken(env: Variables): string | undefined {
  const given = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN;
  if (given) return given.trim();
  try {
    return readFileSync(home(env.HF_TOKEN_PATH || join(folderOf(env), 'token')), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The Hub as this machine's user sees it, sharing the files of the Hub's own tools. */
export const nodeHub = (say?: Hub['say'], env: Variables = process.env): Hub => ({
  endpoint: HUGGING_FACE,
  token: savedToken(env),
  offline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
  shelf: cacheShelf(cacheFolder(env)),
  say,
});
