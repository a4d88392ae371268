/** Which events a page shows; an absent filter lets all pass. */
export type Filters = {
  readonly organization?: string;
  readonly action?: string;
  /** RFC 3339. */
  readonly since?: string;
};

/** The filters among some values: those that are text, and not empty. */
export const filtersIn = (values: Readonly<Record<string, unknown>>): Filters =>
  Object.fromEntries(
    ['organization', 'action', 'since']
      .map((name) => [name, values[name]] as const)
      .filter(([, value]) => typeof value === 'string' && value !== ''),
  );
