/** TypeScript knows these of workers only, and this code is checked with the page's library. */
export interface SyncAccessHandle {
  read(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

type WorkerFileHandle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> };

/** Opens a file of the origin's private file system for reading and writing without waiting, in a worker. */
export const accessTo = (handle: FileSystemFileHandle): Promise<SyncAccessHandle> =>
  (handle as WorkerFileHandle).createSyncAccessHandle();
