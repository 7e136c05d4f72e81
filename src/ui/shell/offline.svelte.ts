import { scriptAddress } from '../../lab/client/open_worker.ts';

/** Keeps the page for when there is no connection. */
class OfflineState {
  /** A newer page has been fetched and waits for the reader to want it. */
  update = $state.raw<ServiceWorker>();
  /** The reader wants it, but a run is on in this tab or another. */
  held = $state(false);

  /** Starts to keep the page; to be called once, when there is nothing better to do. A page in development is not kept. */
  async keep(): Promise<void> {
    if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
    const { serviceWorker } = navigator;
    // A page whose keeper changes is of another build than what it would be given from now on.
    if (serviceWorker.controller) serviceWorker.addEventListener('controllerchange', () => location.reload());
    try {
      const address = scriptAddress(new URL('service_worker.js', document.baseURI).href);
      const registration = await serviceWorker.register(address);
      const look = (): void => {
        // The first one serves this very page: only one behind another is an update.
        if (registration.waiting && serviceWorker.controller) this.update = registration.waiting;
      };
      look();
      registration.addEventListener('updatefound', () => {
        registration.installing?.addEventListener('statechange', look);
      });
    } catch {
      // Refused in a private window or a frame: the page works, with a connection.
    }
  }

  /** Changes to the newer page in all tabs, unless one of them has a run on. */
  async takeUpdate(): Promise<void> {
    const { held = [] } = await navigator.locks.query();
    this.held = held.some(({ name }) => name?.startsWith('run '));
    if (!this.held) this.update?.postMessage('take over');
  }
}

export const offline = new OfflineState();
