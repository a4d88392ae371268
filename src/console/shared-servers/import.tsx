import { Alert, Badge, Button, Checkbox, Group, List, Paper, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { planOf, type Step } from '../../cli/import-plan.ts';
import { readMcpJson, UnusableFile } from '../../cli/mcp-json.ts';
import { api, client, queries, type Schemas } from '../api.ts';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { keepFocus, Page } from '../ui/page.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { ReloadNotice } from './reload.tsx';

type SharedServer = Schemas['SharedServer'];
/** What has become of one entry: the reload, or the error. */
type Outcome = { readonly reload: Schemas['Reload'] } | { readonly error: unknown } | 'runs';

/** Imports the configuration file of an MCP client: it is read in the browser, and nothing is sent before the plan is seen. */
export function ImportServers() {
  const query = api.useQuery('get', '/admin/api/v1/mcp-servers');
  return (
    <Page title="Import an mcp.json">
      <Loaded query={query}>{(servers) => <Import servers={servers} />}</Loaded>
    </Page>
  );
}

function Import({ servers }: { readonly servers: readonly SharedServer[] }) {
  const [text, setText] = useState('');
  const [steps, setSteps] = useState<readonly Step[] | null>(null);
  const [mistake, setMistake] = useState<string | null>(null);
  const read = () => {
    try {
      setSteps(planOf(readMcpJson(text), servers));
      setMistake(null);
    } catch (error) {
      if (!(error instanceof UnusableFile)) {
        throw error;
      }
      setMistake(`The text ${error.message}.`);
    }
  };
  return steps === null ? (
    <Stack maw={800}>
      <Textarea
        label="Configuration file"
        description="Of Claude, Cursor, VS Code or another client, or of our own export. It is read in this browser; nothing is sent yet."
        autosize
        minRows={10}
        maxRows={24}
        spellCheck={false}
        autoComplete="off"
        value={text}
        error={mistake}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      <Button onClick={read} style={{ alignSelf: 'flex-start' }}>
        Show the plan
      </Button>
    </Stack>
  ) : (
    <Plan steps={steps} onBack={() => setSteps(null)} />
  );
}

const isWork = ({ kind }: Step): boolean => kind === 'create' || kind === 'update';

function Plan({ steps, onBack }: { readonly steps: readonly Step[]; readonly onBack: () => void }) {
  const [isLenient, setLenient] = useState(false);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [phase, setPhase] = useState<'planned' | 'runs' | 'done'>('planned');
  const work = steps.filter(isWork);
  const tell = (key: string, outcome: Outcome) => setOutcomes((all) => new Map(all).set(key, outcome));
  const start = async () => {
    setPhase('runs');
    // One by one: each connects to its server, and the order of the file is the order of the list.
    for (const step of work) {
      tell(step.key, 'runs');
      tell(step.key, await carryOut(step, isLenient));
    }
    setPhase('done');
    // The button that had the focus goes.
    keepFocus();
    await queries.invalidateQueries();
  };
  const ended = [...outcomes.values()].filter((outcome) => outcome !== 'runs').length;
  return (
    <Stack maw={800}>
      <Text role="status">
        {phase === 'planned'
          ? `${work.length} of ${steps.length} entries change something. Nothing has been sent yet.`
          : `${ended} of ${work.length} done.`}
      </Text>
      <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
        {steps.map((step) => (
          <Row key={step.key} step={step} outcome={outcomes.get(step.key)} />
        ))}
      </Stack>
      {phase === 'planned' && (
        <Checkbox
          label="Save servers even if the gateway cannot connect to them"
          checked={isLenient}
          onChange={({ currentTarget }) => setLenient(currentTarget.checked)}
        />
      )}
      <Group>
        {phase !== 'done' && (
          <Button loading={phase === 'runs'} disabled={work.length === 0} onClick={() => void start()}>
            Import {work.length === 1 ? '1 server' : `${work.length} servers`}
          </Button>
        )}
        {phase !== 'runs' && (
          <Button variant="default" onClick={onBack}>
            {phase === 'done' ? 'Import another file' : 'Back'}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

async function carryOut(step: Step, isLenient: boolean): Promise<Outcome> {
  const header = isLenient ? { Prefer: 'handling=lenient' } : {};
  try {
    const { data } =
      step.kind === 'update'
        ? await client.PATCH('/admin/api/v1/mcp-servers/{mcp_id}', {
            params: { path: { mcp_id: step.id }, header },
            body: step.changes,
          })
        : await client.POST('/admin/api/v1/mcp-servers', {
            params: { header },
            body: (step as Extract<Step, { kind: 'create' }>).body,
          });
    return data === undefined ? 'runs' : { reload: data.reload };
  } catch (error) {
    return { error };
  }
}

const KINDS: Readonly<Record<Step['kind'], { readonly colour: string; readonly text: string }>> = {
  create: { colour: 'green', text: 'create' },
  update: { colour: 'orange', text: 'update' },
  unchanged: { colour: 'gray', text: 'unchanged' },
  skipped: { colour: 'gray', text: 'skip' },
  failed: { colour: 'red', text: 'cannot be used' },
};

function Row({ step, outcome }: { readonly step: Step; readonly outcome: Outcome | undefined }) {
  const details = detailsOf(step);
  return (
    <Paper withBorder p="sm" component="li">
      <Stack gap="xs">
        <Group justify="space-between" align="flex-start" gap="xs">
          <Text fw={600} style={{ minWidth: 0, flex: '1 1 12rem' }}>
            <Outside>{step.key}</Outside>
          </Text>
          <Badge color={KINDS[step.kind].colour}>{KINDS[step.kind].text}</Badge>
        </Group>
        {details !== '' && (
          <Text size="sm">
            <Outside>{details}</Outside>
          </Text>
        )}
        {step.notes.length > 0 && (
          <List size="sm">
            {step.notes.map((note) => (
              <List.Item key={note}>
                <Outside>{note}</Outside>
              </List.Item>
            ))}
          </List>
        )}
        {outcome === 'runs' && (
          <Alert variant="outline" p="xs">
            The gateway connects to it. This may take 10 seconds.
          </Alert>
        )}
        {typeof outcome === 'object' && 'reload' in outcome && <ReloadNotice reload={outcome.reload} />}
        {typeof outcome === 'object' && 'error' in outcome && <ProblemNotice error={outcome.error} />}
      </Stack>
    </Paper>
  );
}

function detailsOf(step: Step): string {
  switch (step.kind) {
    case 'create': {
      const { transport, url, command, args = [] } = step.body.mcpServer;
      return transport === 'stdio' ? `Runs ${[command, ...args].join(' ')}` : (url ?? '');
    }
    case 'update':
      return `Changes ${step.changed.join(', ')}`;
    case 'unchanged':
      return '';
    default:
      return step.reason;
  }
}
