import type { Schemas } from '../api.ts';
import { parseExactly } from '../ui/exact-json.ts';
import type { Policy } from '../ui/policy-select.tsx';

/** The fields of a form about how the tools of an integration are made and called. */
export type SettingValues = {
  readonly baseUrl: string;
  readonly policy: Policy | null;
  readonly approvers: number | string;
  readonly timeout: number | string;
  readonly isIncluding: boolean;
  readonly hasOutputs: boolean;
  readonly tags: string;
};

/** The defaults of the server. The operator decides about the policy. */
export const DEFAULTS: SettingValues = {
  baseUrl: '',
  policy: null,
  approvers: 1,
  timeout: '',
  isIncluding: false,
  hasOutputs: true,
  tags: '',
};

/** The settings of an integration that is there. */
export const settingsOf = (integration: Schemas['Integration']): SettingValues => ({
  baseUrl: integration.base_url ?? '',
  policy: integration.approval_policy,
  approvers: integration.required_approvals,
  timeout: integration.timeout_seconds ?? '',
  isIncluding: integration.undocumented === 'include',
  hasOutputs: integration.output_schemas === 'loose',
  tags: Object.keys(integration.tool_tags).length === 0 ? '' : JSON.stringify(integration.tool_tags, null, 2),
});

type Settings = Omit<Schemas['IntegrationPatch'], 'name' | 'document' | 'document_url' | 'naming'>;

/** The settings as a request has them: only those that differ from `before`, since a change may make all tools again. */
export function changedSettings(values: SettingValues, before: SettingValues): Settings {
  const [now, then] = [requestOf(values), requestOf(before)];
  const changed = Object.entries(now).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(then[key as keyof Settings]),
  );
  return Object.fromEntries(changed);
}

const requestOf = ({
  baseUrl,
  policy,
  approvers,
  timeout,
  isIncluding,
  hasOutputs,
  tags,
}: SettingValues): Settings => ({
  base_url: baseUrl.trim() === '' ? null : baseUrl.trim(),
  ...(policy !== null && { approval_policy: policy }),
  required_approvals: Number(approvers),
  timeout_seconds: timeout === '' ? null : Number(timeout),
  undocumented: isIncluding ? 'include' : 'skip',
  output_schemas: hasOutputs ? 'loose' : 'none',
  tool_tags: tags.trim() === '' ? {} : parseExactly<Record<string, string[]>>(tags),
});

/** The mistakes of the fields that a request need not find. */
export const VALIDATE_SETTINGS = {
  approvers: (approvers: number | string) => (approvers === '' ? 'Write a number from 1 to 5.' : null),
  tags: (tags: string) => {
    try {
      parseExactly(tags.trim() === '' ? '{}' : tags);
      return null;
    } catch {
      return 'This is not JSON. Write an object, such as {"contacts": ["crm"]}.';
    }
  },
};

/** The fields of the form by their places in the request. */
export const SETTING_PLACES: Readonly<Record<string, keyof SettingValues>> = {
  base_url: 'baseUrl',
  approval_policy: 'policy',
  required_approvals: 'approvers',
  timeout_seconds: 'timeout',
  tool_tags: 'tags',
};
