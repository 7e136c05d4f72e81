import type { PeerAudit } from '../peer_audit.ts';
import type { ResultView } from './view.ts';
import { bytes, count, digits3, percent, whole } from './format.ts';

/** The verdict on an engine, as the end of a sentence that begins with its name. */
export function auditSentence(audit: PeerAudit): string {
  const { verdict, peer, cost } = audit;
  switch (verdict) {
    case 'not a number':
      return `gives no numbers behind token ${peer.first!.token + 1} of text ${peer.first!.text + 1}${audit.begins ? `: ${beginning(audit)}` : ''}.`;
    case 'agrees':
      return `agrees with float32 within what its format costs: KL ${nats(peer.kl)}${cost ? `, where this lab’s own rounding to the same values has ${nats(cost.kl)}` : ''}.`;
    case 'differs':
      return `differs from float32 by more than its format costs: KL ${nats(peer.kl)}${cost ? ` against ${nats(cost.kl)} of this lab’s own rounding to the same values` : ''}. ${whereFrom(audit)}`;
  }
}

function whereFrom(audit: PeerAudit): string {
  if (audit.begins) return `It begins at ${beginning(audit)}.`;
  if (audit.unread !== undefined) return 'Where that begins is not known.';
  return audit.without_outputs
    ? 'Its weights are right, so it begins in its arithmetic; this engine does not tell the outputs of its layers.'
    : 'No product of a layer is wrong: it begins in what lies between them.';
}

function beginning({ begins }: PeerAudit): string {
  const { what, layer, op_type, error, allowed } = begins!;
  switch (what) {
    case 'weights':
      return `the weights of ${layer} (${op_type}), which are ${percent(error)} off the checkpoint’s; allowed: ${percent(allowed)}`;
    case 'settings':
      return `the file’s own ${layer}, ${percent(Math.min(error, 1e4))} off the model’s`;
    case 'product':
      return `the product of ${layer} (${op_type}), which is ${percent(Math.min(error, 1e4))} off that of its own input and weights; allowed: ${percent(allowed)}`;
    case 'not a number':
      return `something before ${layer} (${op_type}), whose input is not a number`;
  }
}

const nats = (kl: number): string => digits3(kl);

/** More that was found, a sentence each. */
export function auditNotes({
  tokens,
  peer,
  file,
  arithmetic,
  layers,
  unread,
  tokenizer,
  files,
}: PeerAudit): string[] {
  const fetched = Object.values(files).reduce((sum, { bytes: own }) => sum + own, 0);
  return [
    `Compared behind ${count(tokens, 'token')}: the same top token behind ${percent(peer.same_top)}${peer.first ? `, first another one behind token ${peer.first.token + 1} of text ${peer.first.text + 1}` : ''}.`,
    ...(file && arithmetic
      ? [
          `The weights of its file, computed here, are at KL ${nats(file.kl)}; its own arithmetic adds KL ${nats(arithmetic.kl)} to them.`,
        ]
      : []),
    ...(layers
      ? [`${count(layers.read, 'layer')} of its file read, ${whole(layers.astray)} of them astray.`]
      : []),
    ...(unread === undefined ? [] : [unread]),
    ...(tokenizer === undefined
      ? []
      : [
          tokenizer === 'equal'
            ? 'Its own tokenizer splits the questions as ours does.'
            : 'Its own tokenizer splits some questions otherwise than ours: in its own hands it would answer other ones.',
        ]),
    `It asked for ${bytes(fetched)} of files.`,
  ];
}

/** The peers of a result, each with its name. */
export const peersOf = ({ rows }: Pick<ResultView, 'rows'>): { name: string; audit: PeerAudit }[] =>
  rows.flatMap(({ name, peer }) => (peer ? [{ name, audit: peer }] : []));

const BEGINS: Record<NonNullable<PeerAudit['begins']>['what'], (layer: string) => string> = {
  settings: (layer) => `its ${layer}`,
  weights: (layer) => `weights of ${layer}`,
  product: (layer) => `product of ${layer}`,
  'not a number': (layer) => `before ${layer}`,
};

/** Rows of a table of peers. */
export const PEER_HEADER = [
  'Engine',
  'Verdict',
  'KL to float32',
  'KL of our rounding',
  'Same top token',
  'Begins at',
];
export const peerRow = ({
  name,
  audit: { verdict, peer, cost, begins },
}: {
  name: string;
  audit: PeerAudit;
}): string[] => [
  name,
  verdict,
  verdict === 'not a number' ? '-' : nats(peer.kl),
  cost ? nats(cost.kl) : '-',
  verdict === 'not a number' ? '-' : percent(peer.same_top),
  begins ? BEGINS[begins.what](begins.layer) : '-',
];
