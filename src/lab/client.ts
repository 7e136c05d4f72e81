import * as Comlink from 'comlink';
import type { Lab } from './protocol.ts';
import LabWorker from './worker.ts?worker';

/** The lab behind its worker. The worker starts with the first call, so a page that only explores loads none of it. */
export function openLab(): Lab {
  let remote: Comlink.Remote<Lab> | undefined;
  const lab = () => (remote ??= Comlink.wrap<Lab>(new LabWorker({ name: document.baseURI })));
  return {
    adapter: () => lab().adapter(),
    run: (request, onEvent) => lab().run(request, Comlink.proxy(onEvent)),
    cancel: () => lab().cancel(),
    selfCheck: (onRow) => lab().selfCheck(Comlink.proxy(onRow)),
  };
}
