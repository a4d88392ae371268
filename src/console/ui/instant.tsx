import { useNow } from './now.ts';

const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** An instant: milliseconds since 1970, or text of RFC 3339. */
export type At = number | string;

/** An instant as seen from now, such as `in 4 minutes`; the whole of it in the title. */
export function Instant({ at }: { readonly at: At }) {
  const now = useNow();
  const date = new Date(at);
  return (
    <time dateTime={date.toISOString()} title={WHOLE.format(date)}>
      {relativeTo(now, date.getTime())}
    </time>
  );
}

/** Writes how far an instant is from now, in the largest unit of which there is one. */
export function relativeTo(nowMs: number, atMs: number): string {
  const difference = atMs - nowMs;
  const [unit, size] = UNITS.find(([, ms]) => Math.abs(difference) >= ms) ?? (['second', 1000] as const);
  return RELATIVE.format(Math.trunc(difference / size), unit);
}

/** An instant as it is. */
export const WholeInstant = ({ at }: { readonly at: At }) => (
  <time dateTime={new Date(at).toISOString()}>{WHOLE.format(new Date(at))}</time>
);
