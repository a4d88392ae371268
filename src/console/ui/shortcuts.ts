import { useHotkeys, useLocalStorage } from '@mantine/hooks';

const KEY = 'gatehouse-shortcuts';
const SETTING = { key: KEY, defaultValue: true, getInitialValueInEffect: false };

/** Does something when a single key is pressed outside of a field, unless the person has turned the keys off (WCAG 2.1.4). */
export function useShortcuts(actions: Readonly<Record<string, () => void>>): void {
  const [isOn] = useLocalStorage(SETTING);
  useHotkeys(isOn ? Object.entries(actions) : []);
}

/** Whether the keys are on, and how to turn them on or off in this browser. */
export const useShortcutSetting = (): readonly [boolean, (isOn: boolean) => void] => {
  const [isOn, setIsOn] = useLocalStorage(SETTING);
  return [isOn, setIsOn];
};
