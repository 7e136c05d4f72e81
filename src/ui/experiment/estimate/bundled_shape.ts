import type { ModelConfig } from '../../../model/model_config.ts';

/** The shape of a model that comes with the page; none where it does not arrive, for an estimate is no reason for an error message. */
export async function bundledShape(name: string): Promise<ModelConfig | undefined> {
  try {
    const [{ parseConfig }, response] = await Promise.all([
      import('../../../model/config.ts'),
      fetch(new URL(`models/${name}/config.json`, document.baseURI)),
    ]);
    return response.ok ? parseConfig(await response.json()) : undefined;
  } catch {
    return undefined;
  }
}
