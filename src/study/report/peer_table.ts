import { auditNotes, auditSentence, PEER_HEADER, peerRow, peersOf } from '../view/peer_text.ts';
import type { ResultView } from '../view/view.ts';
import type { Section } from './parts.ts';

/** A table of other engines with their verdicts, and what was found of each; none where none ran. */
export function peerSections(view: Pick<ResultView, 'rows'>): Section[] {
  const peers = peersOf(view);
  if (peers.length === 0) return [];
  return [
    {
      title: 'Other engines',
      text: peers.map(
        ({ name, audit }) =>
          `${name} ${auditSentence(audit)} ${audit.engine}. ${auditNotes(audit).join(' ')}`,
      ),
      table: { header: PEER_HEADER, rows: peers.map(peerRow) },
    },
  ];
}
