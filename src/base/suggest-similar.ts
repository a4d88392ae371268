import { distance } from 'fastest-levenshtein';
import { MAX_SHOWN_KEY_CHARS } from './limits.ts';

/**
 * Returns `: did you mean …?` if a known word is similar, as `mcp_server` is to `mcpServer`; otherwise an empty text.
 */
export function suggestSimilar(word: string, known: readonly string[]): string {
  const plain = (text: string) => text.slice(0, MAX_SHOWN_KEY_CHARS).toLowerCase().replaceAll(/[_-]/g, '');
  const [best] = known
    .map((candidate) => ({ candidate, far: distance(plain(word), plain(candidate)) }))
    .filter(({ far, candidate }) => far <= Math.max(1, Math.floor(candidate.length / 3)))
    .toSorted((a, b) => a.far - b.far);
  return best === undefined ? '' : `: did you mean \`${best.candidate}\`?`;
}
