/** A part of Trusted Types that TypeScript's library does not know. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): { createScriptURL(url: string): string };
}

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };

/** The only way by which this page makes an address one that code is loaded from. */
const policy = trustedTypes?.createPolicy('nibble-scripts', { createScriptURL: (url) => url });

/** An address of the page's own as one that code may be loaded from. */
export const scriptAddress = (url: string): string => policy?.createScriptURL(url) ?? url;

/**
 * Starts a worker of the page. Its script is a blob that imports the real one, for such a worker is bound by the page's
 * content security policy; one that is started from an address is bound by what its host sends, which is nothing on a
 * plain static host.
 * @param url what `import url from './x.ts?worker&url'` gives
 */
export function openWorker(url: string, name = ''): Worker {
  const script = `import ${JSON.stringify(new URL(url, document.baseURI).href)};`;
  const blob = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  return new Worker(scriptAddress(blob), { type: 'module', name });
}
