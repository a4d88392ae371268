import { isObject } from '../base/json.ts';
import { readJson } from '../base/read-json.ts';

/** Makes the text of an event for Slack (`mrkdwn`). */
export function slackText(payload: string): string {
  const event = readJson(payload);
  const { type, data } = isObject(event) ? event : {};
  const { organization_id: organizationId } = isObject(data) ? data : {};
  return `Gatehouse: ${quoteForSlack(String(type))} of ${quoteForSlack(String(organizationId))}`;
}

/** Characters that a reader does not see, or that change the order of what the reader sees. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Quotes foreign text for Slack as code: it mentions nobody, links nowhere, formats nothing, and shows all of its characters
 * on one line.
 */
export function quoteForSlack(text: string): string {
  const shown = text
    .toWellFormed()
    .replaceAll(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    // Slack has no escape for the end of code.
    .replaceAll('`', 'ˋ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
  return `\`${shown === '' ? ' ' : shown}\``;
}
