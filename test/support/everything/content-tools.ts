import type { JsonSchemaType } from '@modelcontextprotocol/server';
import contactSchema from './contact.schema.json' with { type: 'json' };
import { PNG, WAV } from './samples.ts';
import { type EverythingTool, text } from './tool.ts';

const resource = (uri: string, mimeType: string, words: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: words },
});

/** Wants an argument repeated in a header: a keyword of MCP's own, which types of JSON Schema do not know. */
const MIRRORED = { 'x-mcp-header': 'Region' };

/** Tools that answer at once, with each kind of content, an error, or nothing but their schema to look at. */
export const contentTools: readonly EverythingTool[] = [
  {
    // The first in the list: the suites call the first tool they find, without arguments.
    name: 'test_simple_text',
    description: 'Answers with a text',
    call: () => text('A text, and nothing else.'),
  },
  {
    name: 'test_image_content',
    description: 'Answers with an image',
    call: () => ({ content: [{ type: 'image', ...PNG }] }),
  },
  {
    name: 'test_audio_content',
    description: 'Answers with a recording',
    call: () => ({ content: [{ type: 'audio', ...WAV }] }),
  },
  {
    name: 'test_embedded_resource',
    description: 'Answers with a resource',
    call: () => ({ content: [resource('test://embedded-resource', 'text/plain', 'A resource within a result.')] }),
  },
  {
    name: 'test_multiple_content_types',
    description: 'Answers with a text, an image and a resource',
    call: () => ({
      content: [
        { type: 'text', text: 'Three blocks of content:' },
        { type: 'image', ...PNG },
        resource('test://mixed-content-resource', 'application/json', '{"ordinal":3}'),
      ],
    }),
  },
  {
    name: 'test_error_handling',
    description: 'Fails, whatever the arguments',
    call: () => {
      throw new Error('This tool never succeeds.');
    },
  },
  {
    name: 'json_schema_2020_12_tool',
    description: 'Has an input schema with the keywords of JSON Schema 2020-12',
    inputSchema: contactSchema as JsonSchemaType,
    call: (args) => text(JSON.stringify(args)),
  },
  {
    name: 'test_x_mcp_header',
    description: 'Wants an argument repeated in the header Mcp-Param-Region',
    inputSchema: { type: 'object', properties: { region: { type: 'string', ...MIRRORED } } },
    call: (args) => text(JSON.stringify(args)),
  },
  {
    // Wanted by name: that a stream carries the result, and no request of the server's own.
    name: 'test_streaming_elicitation',
    description: 'Answers with a text, and asks nothing',
    call: () => text('Nothing was asked.'),
  },
];
