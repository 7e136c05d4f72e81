/** A place in a trie of texts by their UTF-16 units; `id` is -1 where no text ends. */
export interface TrieNode {
  children: Map<number, TrieNode>;
  id: number;
}

/** The trie of texts with ids of at least 0; of equal texts the last counts, and an empty text is not found. */
export function trieOf(entries: Iterable<readonly [string, number]>): TrieNode {
  const root: TrieNode = { children: new Map(), id: -1 };
  for (const [text, id] of entries) {
    let node = root;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      let child = node.children.get(unit);
      if (!child) node.children.set(unit, (child = { children: new Map(), id: -1 }));
      node = child;
    }
    if (node !== root) node.id = id;
  }
  return root;
}
