import { FileInput, Group, Radio, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { SourceKind, SourceValues } from './source.ts';

/** The choice of an OpenAPI document: a file, a text or a URL. */
export function SourceFields<T extends SourceValues>({ form }: { readonly form: UseFormReturnType<T> }) {
  const fields = form as unknown as UseFormReturnType<SourceValues>;
  const { kind } = fields.values;
  return (
    <>
      <Radio.Group
        label="OpenAPI document"
        description="OpenAPI 3.0, 3.1 or Swagger 2.0, as JSON or YAML, of at most 16 MiB. It is read once, and never shown again."
        value={kind}
        onChange={(value) => fields.setFieldValue('kind', value as SourceKind)}
      >
        <Group mt="xs">
          <Radio value="file" label="File" />
          <Radio value="text" label="Text" />
          <Radio value="url" label="URL" />
        </Group>
      </Radio.Group>
      {kind === 'file' && (
        <FileInput
          label="File"
          placeholder="Choose a file"
          accept=".json,.yaml,.yml,application/json,application/yaml,text/yaml"
          clearable
          clearButtonProps={{ 'aria-label': 'Remove the file' }}
          {...fields.getInputProps('file')}
        />
      )}
      {kind === 'text' && (
        <Textarea
          label="Text"
          autosize
          minRows={8}
          maxRows={20}
          spellCheck={false}
          className="monospace"
          {...fields.getInputProps('text')}
        />
      )}
      {kind === 'url' && (
        <TextInput
          label="URL"
          type="url"
          description="The server fetches it now, and not again by itself. It sends no credentials."
          placeholder="https://example.com/openapi.json"
          autoComplete="off"
          {...fields.getInputProps('url')}
        />
      )}
    </>
  );
}
