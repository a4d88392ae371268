import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** WCAG 2.2, levels A and AA. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** The rules that a page breaks seriously, each with the elements that do. */
export async function seriousFindings(page: Page): Promise<string[]> {
  return shown(await new AxeBuilder({ page }).withTags(TAGS).analyze());
}

/** The texts of a page whose contrast is too low. */
export async function lowContrasts(page: Page): Promise<string[]> {
  return shown(await new AxeBuilder({ page }).withRules(['color-contrast']).analyze());
}

const shown = ({ violations }: Awaited<ReturnType<AxeBuilder['analyze']>>): string[] =>
  violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
