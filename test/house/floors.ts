/**
 * The floors of `src`, lowest first. A folder, or a file of `src` itself, imports from its own floor and from those below.
 * The diagram in `docs/architecture.md` is made of this table.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['client', 'contract', 'redaction', 'telemetry'],
  ['config.ts', 'egress', 'store', 'tools'],
  ['audit', 'auth', 'quotas', 'shared-config'],
  ['approvals', 'calls'],
  ['deps.ts', 'http', 'runtime'],
  ['docs', 'gateway'],
  ['accounts', 'housekeeping.ts', 'operator', 'platform', 'servers'],
  ['app.ts', 'embedded-server.ts', 'server.ts'],
  ['mock', 'sandbox', 'suite', 'testing'],
  ['cli', 'console', 'main.ts'],
];

/** The room of a file: its folder below `src`, or its own name. */
export const roomOf = (file: string): string => file.split('/')[1] ?? '';

/** The floors as a Mermaid diagram, the highest on top. */
export function diagramOf(floors: readonly (readonly string[])[]): string {
  const boxes = floors.map((rooms, at) => `  floor${at + 1}["${rooms.join(' · ')}"]`).toReversed();
  const arrows = floors.slice(1).map((_, at) => `  floor${floors.length - at} --> floor${floors.length - at - 1}`);
  return ['```mermaid', 'flowchart TD', ...boxes, ...arrows, '```'].join('\n');
}
