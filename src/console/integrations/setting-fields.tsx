import { Checkbox, NumberInput, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { type Policy, PolicySelect } from '../ui/policy-select.tsx';
import type { SettingValues } from './settings.ts';

/** How tools of an integration are made and called. Without a choice of a policy, that of the operator counts. */
export function SettingFields<T extends SettingValues>({ form: whole }: { readonly form: UseFormReturnType<T> }) {
  const form = whole as unknown as UseFormReturnType<SettingValues>;
  return (
    <>
      <PolicySelect
        of="integration"
        value={form.values.policy as Policy}
        onChange={(policy) => form.setFieldValue('policy', policy)}
        error={form.errors.policy}
      />
      <NumberInput
        label="Approvers"
        description="How many different people must approve a call that waits, from 1 to 5."
        min={1}
        max={5}
        allowDecimal={false}
        {...form.getInputProps('approvers')}
      />
      <TextInput
        label="URL of the service"
        description="Replaces the servers of the document. Without it, the document decides."
        placeholder="https://api.example.com/v1"
        autoComplete="off"
        {...form.getInputProps('baseUrl')}
      />
      <NumberInput
        label="Time limit of a call"
        description="Seconds from the first connection to the last byte of the answer, at most 3,600. Empty means 60."
        min={1}
        max={3600}
        allowDecimal={false}
        {...form.getInputProps('timeout')}
      />
      <Checkbox
        label="Make tools of operations without a description too"
        description="A model then sees only their id, method and path."
        {...form.getInputProps('isIncluding', { type: 'checkbox' })}
      />
      <Checkbox
        label="Tools show the schemas of their answers"
        description="Without them, lists of tools are smaller."
        {...form.getInputProps('hasOutputs', { type: 'checkbox' })}
      />
      <Textarea
        label="More tags for tools"
        description="JSON: tags by resource, or by resource and method. Scopes of endpoints select tools by their tags."
        placeholder='{"contacts": ["crm"], "contacts.list": ["cheap"]}'
        autosize
        minRows={2}
        maxRows={10}
        spellCheck={false}
        className="monospace"
        {...form.getInputProps('tags')}
      />
    </>
  );
}
