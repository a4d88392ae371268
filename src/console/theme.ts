import { type CSSVariablesResolver, createTheme } from '@mantine/core';

/** Buttons that close something have no name of their own. */
const CLOSE = { closeButtonProps: { 'aria-label': 'Close' } };

/** The library's theme as far as it meets WCAG 2.2 AA: darker colours under white text, and buttons that have a name. */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: 8,
  autoContrast: true,
  // White on a colour up to here, and black on a lighter one, have a contrast of at least 4.5 to 1.
  luminanceThreshold: 0.183,
  cursorType: 'pointer',
  respectReducedMotion: true,
  // By their names: the components themselves would come with the first page.
  components: {
    Modal: { defaultProps: { ...CLOSE, transitionProps: { duration: 0 } } },
    Drawer: { defaultProps: CLOSE },
    PasswordInput: { defaultProps: { visibilityToggleButtonProps: { 'aria-label': 'Show or hide' } } },
    Notification: { defaultProps: CLOSE },
  },
});

/** Colours of texts on a light background or on a tint of the same colour: the library's are too pale for 4.5 to 1. */
const DARKER = { green: '#237032', orange: '#b03a0c', red: '#b02525', yellow: '#8f4a00' };

/** The library's quiet text is too pale on its dark background, and on a light one nearly so; so are its coloured texts. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    '--mantine-color-error': DARKER.red,
    ...Object.fromEntries(
      Object.entries(DARKER).flatMap(([name, colour]) =>
        ['light-color', 'outline', 'text'].map((use) => [`--mantine-color-${name}-${use}`, colour]),
      ),
    ),
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-1)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
  },
});
