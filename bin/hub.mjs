// Where models are asked for, as other tools of the Hub are told: HF_ENDPOINT names a mirror.

/** The address of the Hub or of the mirror, without a slash behind it. */
export function hubEndpoint() {
  const address = process.env.HF_ENDPOINT || 'https://huggingface.co';
  if (!/^https?:\/\/[\w.-]+(:\d+)?(\/[\w./-]*)?$/.test(address)) {
    throw new Error(
      `HF_ENDPOINT is ${address}; allowed: the address of a Hub, such as https://huggingface.co`,
    );
  }
  return address.replace(/\/+$/, '');
}
