// The content security policy of the built pages, as a <meta>: it works on any static host.
import { createHash } from 'node:crypto';
import { hubEndpoint } from './hub.mjs';

/** The Hub and where its files come from. */
const HUB = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co'];

/** Hosts that a build may connect to beside the page's own: the Hub, the mirror of $HF_ENDPOINT, those of $NIBBLE_CONNECT. */
export const connectHosts = () => [
  ...new Set([
    ...HUB,
    new URL(hubEndpoint()).origin,
    ...(process.env.NIBBLE_CONNECT ?? '').split(/[\s,]+/).filter(Boolean),
  ]),
];

/**
 * The policy of a page with these inline scripts. Workers are blobs, and bound by it, too.
 * @param {string[]} scripts
 */
export function policyOf(scripts) {
  const hashes = scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  return Object.entries({
    'default-src': ["'none'"],
    // WebAssembly of this build: other engines are written in it.
    'script-src': ["'self'", "'wasm-unsafe-eval'", ...hashes],
    'worker-src': ["'self'", 'blob:'],
    'connect-src': ["'self'", ...connectHosts()],
    'img-src': ["'self'", 'data:', 'blob:'],
    // Figures are drawn with styles of their own.
    'style-src': ["'self'", "'unsafe-inline'"],
    'font-src': ["'self'"],
    'manifest-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'object-src': ["'none'"],
    'require-trusted-types-for': ["'script'"],
    'trusted-types': ['svelte-trusted-html', 'nibble-scripts'],
  })
    .map(([name, values]) => `${name} ${values.join(' ')}`)
    .join('; ');
}

/** @returns {import('vite').Plugin} puts the policy first into every page that is built */
export const contentSecurityPolicy = () => ({
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler(html) {
      const inline = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '');
      const meta = `<meta http-equiv="Content-Security-Policy" content="${policyOf(inline)}" />`;
      return html.replace('<head>', `<head>\n    ${meta}`);
    },
  },
});
