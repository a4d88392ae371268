import type { Page } from 'playwright-core';

/** More presses of Tab than any page needs. */
const MOST_TABS = 200;

/**
 * Presses Tab until the focus is on something with this role and name, as a person without a pointer does; with `back`,
 * Shift+Tab.
 */
export async function tabTo(
  page: Page,
  role: 'button' | 'link' | 'textbox' | 'radio' | 'tab' | 'checkbox' | 'combobox',
  name: string | RegExp,
  back = false,
): Promise<void> {
  const target = page.getByRole(role, { name, ...(typeof name === 'string' && { exact: true }) }).first();
  await target.waitFor();
  for (let press = 0; press < MOST_TABS; press += 1) {
    if (await target.evaluate((element) => element === element.ownerDocument.activeElement)) {
      return;
    }
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
  }
  throw new Error(`The keys do not lead to the ${role} “${name}”.`);
}
