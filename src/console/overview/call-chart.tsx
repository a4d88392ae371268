import { Group, Table, Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import type { Schemas } from '../api.ts';

type Day = Schemas['CallDays'][number];

/** Pixels of the chart, and of the room for its labels at the left and below. */
const HEIGHT_PIXELS = 200;
const LEFT_PIXELS = 44;
const BELOW_PIXELS = 22;
const TOP_PIXELS = 8;
const PLOT_PIXELS = HEIGHT_PIXELS - BELOW_PIXELS - TOP_PIXELS;
/** The narrowest room of a label such as “30 Jun”. */
const LABEL_PIXELS = 90;

const NUMBER = new Intl.NumberFormat();
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact' });
// Days of the document are days in UTC.
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const dayName = ({ day }: Day): string => DAY.format(new Date(`${day}T00:00:00Z`));

/** The calls of each day as bars, those that failed on top in another colour; and the same as a table. */
export function CallChart({ days }: { readonly days: readonly Day[] }) {
  const { ref, width } = useElementSize();
  const calls = days.reduce((sum, day) => sum + day.calls, 0);
  const failures = days.reduce((sum, day) => sum + day.failures, 0);
  const summary = `${NUMBER.format(calls)} calls in ${days.length} days, ${NUMBER.format(failures)} of them failed or were refused.`;
  return (
    <>
      <Group justify="space-between" mb="xs" gap="xs">
        <Text size="sm">{summary}</Text>
        <Group gap="md" aria-hidden>
          <Legend name="answered" className="chart-answered" />
          <Legend name="failed or refused" className="chart-failed" />
        </Group>
      </Group>
      <div ref={ref} style={{ height: HEIGHT_PIXELS }}>
        {width > LEFT_PIXELS && (
          <Bars days={days} width={width} label={`Bars: ${summary} The numbers are in the table.`} />
        )}
      </div>
      <details>
        <summary>The numbers as a table</summary>
        <DayTable days={days} />
      </details>
    </>
  );
}

const Legend = ({ name, className }: { readonly name: string; readonly className: string }) => (
  <Group gap={6} wrap="nowrap">
    <svg width="12" height="12" aria-hidden="true">
      <rect width="12" height="12" rx="2" className={className} />
    </svg>
    <Text size="sm">{name}</Text>
  </Group>
);

type BarsProps = { readonly days: readonly Day[]; readonly width: number; readonly label: string };

function Bars({ days, width, label }: BarsProps) {
  const top = roundUp(Math.max(...days.map((day) => day.calls)));
  const step = (width - LEFT_PIXELS) / days.length;
  const yOf = (calls: number) => TOP_PIXELS + PLOT_PIXELS * (1 - calls / top);
  const every = Math.ceil(LABEL_PIXELS / step);
  return (
    <svg width={width} height={HEIGHT_PIXELS} role="img" aria-label={label} className="chart">
      {[0, top / 2, top].map((calls) => (
        <g key={calls}>
          <line x1={LEFT_PIXELS} x2={width} y1={yOf(calls)} y2={yOf(calls)} className="chart-line" />
          <text x={LEFT_PIXELS - 8} y={yOf(calls)} textAnchor="end" dominantBaseline="middle">
            {COMPACT.format(calls)}
          </text>
        </g>
      ))}
      {days.map((day, at) => {
        const x = LEFT_PIXELS + at * step + step * 0.15;
        const bar = { x, width: step * 0.7 };
        const answered = day.calls - day.failures;
        // The last day has its label, and every so many before it.
        const hasLabel = (days.length - 1 - at) % every === 0 && x + step / 2 > LABEL_PIXELS;
        return (
          <g key={day.day}>
            <title>{`${dayName(day)}: ${NUMBER.format(day.calls)} calls, ${NUMBER.format(day.failures)} failed or refused`}</title>
            <rect x={LEFT_PIXELS + at * step} y={TOP_PIXELS} width={step} height={PLOT_PIXELS} fill="transparent" />
            <rect {...bar} y={yOf(answered)} height={yOf(0) - yOf(answered)} className="chart-answered" />
            <rect {...bar} y={yOf(day.calls)} height={yOf(answered) - yOf(day.calls)} className="chart-failed" />
            {hasLabel && (
              <text x={x + bar.width} y={HEIGHT_PIXELS - 4} textAnchor="end">
                {dayName(day)}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

/** The next number of 2, 4 or 10 times a power of ten: half of it is a whole number too. */
function roundUp(calls: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, calls)));
  return power * ([2, 4, 10].find((times) => times * power >= calls) ?? 10);
}

const DayTable = ({ days }: { readonly days: readonly Day[] }) => (
  <Table w="auto" verticalSpacing={2}>
    <Table.Thead>
      <Table.Tr>
        <Table.Th>Day (UTC)</Table.Th>
        <Table.Th ta="right">Calls</Table.Th>
        <Table.Th ta="right">Failed or refused</Table.Th>
      </Table.Tr>
    </Table.Thead>
    <Table.Tbody>
      {days.toReversed().map((day) => (
        <Table.Tr key={day.day}>
          <Table.Th scope="row" fw={400}>
            {dayName(day)}
          </Table.Th>
          <Table.Td ta="right">{NUMBER.format(day.calls)}</Table.Td>
          <Table.Td ta="right">{NUMBER.format(day.failures)}</Table.Td>
        </Table.Tr>
      ))}
    </Table.Tbody>
  </Table>
);
