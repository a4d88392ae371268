// The compiler checks this file; nothing runs it. Our types of results and of annotations fit the protocol's.
import type { CallToolResult, ContentBlock, ToolAnnotations } from '@modelcontextprotocol/client';
import type { Content as OurContent, CallToolResult as OurResult } from '../../src/calls/types.ts';
import type { Hints } from '../../src/tools/hints.ts';
import type { Annotations } from '../../src/tools/types.ts';

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

export const content = (ours: Mutable<OurContent>): ContentBlock => ours;
export const result = (ours: Mutable<OurResult>): CallToolResult => ours;
export const annotations = (ours: Mutable<Annotations>): ToolAnnotations => ours;
export const annotation = (ours: keyof Annotations | keyof Hints): keyof ToolAnnotations => ours;

// @ts-expect-error Text is no member of an image.
export const wrong = (): ContentBlock => ({ type: 'image', text: '' });
