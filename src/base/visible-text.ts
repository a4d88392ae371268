/**
 * Characters that a person does not see, or that change what a person sees: controls, format characters such as those of
 * bidirectional text, separators of lines, private and unassigned ones, half surrogates, everything that is ignored
 * by default, such as variation selectors, and blanks that look like a space.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/**
 * Returns a text as a person must see it before a decision: each invisible character as an escape, such as `\u202e`. Line
 * ends stay if `keepsLines`.
 */
export const visibleText = (text: string, keepsLines = false): string =>
  text.replace(INVISIBLE, (sign) => (keepsLines && sign === '\n' ? sign : escapeOf(sign)));

const escapeOf = (sign: string): string =>
  Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
