import { SPACE } from './read/python_text.ts';
import type { ChatMessage, RenderChat } from '../model/chat/message.ts';

/** An example in a prompt: what was asked, and the answer that was given. */
export interface Shot {
  asked: string;
  answer: string;
}

/** Everything a prompt is made of. `system`: an instruction and the task's description, empty where there is neither. */
export interface PromptParts {
  system: string;
  shots: readonly Shot[];
  asked: string;
}

/** How a prompt is written: as one text, or through a chat template, each example a turn of its own or all in one. */
export type PromptStyle = { chat?: undefined } | { chat: RenderChat; fewshot_as_multiturn: boolean };

/** A prompt as lm-evaluation-harness 0.4.13 puts it together (`fewshot_context` of api/task.py). */
export function writePrompt({ system, shots, asked }: PromptParts, style: PromptStyle): string {
  const text = shots.map((shot) => `${shot.asked} ${shot.answer}\n\n`).join('') + asked;
  if (!style.chat) return system + text;
  const turns: ChatMessage[] = style.fewshot_as_multiturn
    ? [
        ...shots.flatMap((shot): ChatMessage[] => [
          { role: 'user', content: shot.asked },
          { role: 'assistant', content: shot.answer },
        ]),
        { role: 'user', content: asked },
      ]
    : [{ role: 'user', content: text }];
  return style.chat([...(system === '' ? [] : [{ role: 'system', content: system } as const]), ...turns]);
}

/** An instruction and a description with two line feeds between, unless white space parts them already (`maybe_delimit`). */
export function delimited(instruction: string, description: string): string {
  if (instruction === '' || description === '') return instruction + description;
  const parted =
    new RegExp(`[${SPACE}]$`, 'u').test(instruction) || new RegExp(`^[${SPACE}]`, 'u').test(description);
  return `${instruction}${parted ? '' : '\n\n'}${description}`;
}
