/** One line for a terminal: what a file or a server says must not move its cursor. */
export const line = (text: string): string => `${text.replaceAll(/\p{Cc}+/gu, ' ')}\n`;
