import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** A kind of repository on the Hub, as its addresses name it. */
export type RepositoryKind = 'models' | 'datasets';

/** A file of a repository, as the Hub describes it at one commit. */
export interface HubFile {
  name: string;
  bytes?: number | undefined;
  /** The hash of a large file's content. */
  sha256?: string | undefined;
  /** The id git gives a small file: SHA-1 of `blob <bytes>\0` and the content. */
  git_sha1?: string | undefined;
}

/** A repository at one commit: what it holds never changes. */
export interface Repository {
  kind: RepositoryKind;
  repo: string;
  commit: string;
  files: HubFile[];
  /** The repository has more files: these are only those that are here. */
  partial?: true;
}

/** A file whose bytes can be checked. */
export type CheckableFile = HubFile & { bytes: number; key: string };

/** A file with the name its copy is kept under, its hash; undefined where the Hub gives no size or no hash. */
export function checkable(file: HubFile): CheckableFile | undefined {
  const { bytes, sha256: large, git_sha1: small } = file;
  const key = large ? `sha256-${large}` : small && `git-${small}`;
  return bytes === undefined || !key ? undefined : { ...file, bytes, key };
}

/** The hashes of a file, fed with its bytes in their order. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Its SHA-256, and whether the content is what the Hub says. */
  end(): { sha256: string; right: boolean; says: string };
}

/** Hashes a file while it arrives. */
export function hasherOf(file: CheckableFile): Hasher {
  const own = sha256.create();
  const git = file.sha256 ? undefined : sha1.create().update(utf8ToBytes(`blob ${file.bytes}\0`));
  return {
    update(bytes) {
      own.update(bytes);
      git?.update(bytes);
    },
    end() {
      const sha256 = bytesToHex(own.digest());
      if (!git)
        return { sha256, right: sha256 === file.sha256, says: `SHA-256 ${sha256}, not ${file.sha256}` };
      const id = bytesToHex(git.digest());
      return { sha256, right: id === file.git_sha1, says: `git id ${id}, not ${file.git_sha1}` };
    },
  };
}
