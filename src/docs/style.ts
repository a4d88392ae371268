/**
 * The style of the pages that this project writes itself. Colours have a contrast of at least 4.5 to 1 in both themes
 * (WCAG 2.2, 1.4.3). Whatever is too wide scrolls in a box of its own.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#ffffff, #0f1419);
  --box: light-dark(#f3f5f7, #1a2129);
  --line: light-dark(#c9d1d9, #37414c);
  --text: light-dark(#1b1f24, #e4e9ee);
  --quiet: light-dark(#525b66, #a3adb8);
  --link: light-dark(#0b5c74, #7cc7e0);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 52rem; min-width: 0; padding: 1.5rem; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.8rem; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 2rem 0 .8rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .6rem; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: var(--box); padding: .1em .3em; border-radius: .25rem; overflow-wrap: anywhere; }
pre { background: var(--box); border: 1px solid var(--line); border-radius: .4rem; padding: .8rem; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
/* A shadow at an edge says that there is more: where nothing is hidden, the page covers it. */
.wide { overflow-x: auto; margin: 1rem 0; background:
  linear-gradient(to right, var(--page) 60%, transparent) left / 2rem 100% no-repeat local,
  linear-gradient(to left, var(--page) 60%, transparent) right / 2rem 100% no-repeat local,
  linear-gradient(to right, var(--line), transparent) left / .6rem 100% no-repeat scroll,
  linear-gradient(to left, var(--line), transparent) right / .6rem 100% no-repeat scroll; }
table { border-collapse: collapse; font-size: .925em; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--box); }
td code { overflow-wrap: normal; }
button { font: inherit; color: var(--text); background: var(--box); border: 1px solid var(--line); border-radius: .4rem;
  padding: .35rem .8rem; cursor: pointer; }
.quiet { color: var(--quiet); }
@media (max-width: 60rem) {
  pre, pre code { white-space: pre-wrap; overflow-wrap: anywhere; }
}
@media print {
  :root { color-scheme: light; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .wide { overflow: visible; }
  nav, button, .skip { display: none; }
  main { max-width: none; padding: 0; }
}
`;
