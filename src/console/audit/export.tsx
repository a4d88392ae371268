import { Button, Group, Loader, Modal, Radio, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { client, type Schemas } from '../api.ts';
import { WholeInstant } from '../ui/instant.tsx';
import { ProblemNotice } from '../ui/problem.tsx';
import { type Format, writeEvents } from './export-file.ts';
import type { Filters } from './filters.ts';

/** Events that are asked for at once: as many as the API gives. */
const PAGE_EVENTS = 1000;
const TYPES: Readonly<Record<Format, string>> = { csv: 'text/csv', jsonl: 'application/jsonl' };
const NUMBER = new Intl.NumberFormat();

type Progress = { readonly count: number; readonly last: string | null };

/** Reads all events that pass the filters, page after page, and makes a file of them in the browser. */
export function Export({ filters }: { readonly filters: Filters }) {
  const [isOpen, { open, close }] = useDisclosure();
  const [format, setFormat] = useState<Format>('csv');
  const [progress, setProgress] = useState<Progress>({ count: 0, last: null });
  const abort = useRef(new AbortController());
  const read = useMutation({
    mutationFn: async (chosen: Format) => {
      abort.current = new AbortController();
      const parts = await readAll(filters, chosen, abort.current.signal, setProgress);
      save(new Blob(parts, { type: TYPES[chosen] }), `audit-${new Date().toISOString().slice(0, 10)}.${chosen}`);
    },
  });
  const leave = () => {
    abort.current.abort();
    close();
  };
  const start = () => {
    read.reset();
    setProgress({ count: 0, last: null });
    open();
  };
  return (
    <>
      <Button variant="default" onClick={start}>
        Export
      </Button>
      <Modal opened={isOpen} onClose={leave} title="Export events">
        <Stack>
          {read.error !== null && <ProblemNotice error={read.error} />}
          <Text size="sm">
            {Object.keys(filters).length === 0 ? 'All events' : 'The events that pass the filters'} go into one file,
            the newest first.
          </Text>
          <Radio.Group
            label="Format"
            value={format}
            onChange={(value) => setFormat(value === 'csv' ? 'csv' : 'jsonl')}
            readOnly={read.isPending}
          >
            <Stack gap="xs" mt="xs">
              <Radio
                value="csv"
                label="CSV"
                description="For spreadsheets. An apostrophe stands before text that they would take for a formula."
              />
              <Radio value="jsonl" label="JSON lines" description="For programs. Each event as it is, one a line." />
            </Stack>
          </Radio.Group>
          <Group gap="xs" role="status" mih={24}>
            {read.isPending && <Loader size="xs" />}
            {(read.isPending || read.isSuccess) && (
              <Text size="sm">
                {NUMBER.format(progress.count)} events {read.isSuccess ? 'are in the file.' : 'read'}
                {read.isPending && progress.last !== null && (
                  <>
                    , back to <WholeInstant at={progress.last} />
                  </>
                )}
              </Text>
            )}
          </Group>
          <Group justify="flex-end">
            <Button variant="default" onClick={leave}>
              {read.isSuccess ? 'Close' : 'Cancel'}
            </Button>
            <Button onClick={() => read.mutate(format)} loading={read.isPending}>
              Make the file
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

/** Reads all pages; `onPage` hears of each. Throws when `signal` ends the work. */
async function readAll(
  filters: Filters,
  format: Format,
  signal: AbortSignal,
  onPage: (progress: Progress) => void,
): Promise<string[]> {
  const parts: string[] = [];
  let count = 0;
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = { ...filters, cursor, limit: PAGE_EVENTS };
    const answer: { data?: Schemas['AuditEventPage'] } = await client.GET('/admin/api/v1/audit-events', {
      params: { query },
      signal,
    });
    signal.throwIfAborted();
    const { data = [], nextCursor = null } = answer.data ?? {};
    parts.push(writeEvents(data, format, count === 0));
    count += data.length;
    cursor = nextCursor;
    onPage({ count, last: data.at(-1)?.at ?? null });
  }
  return parts;
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
