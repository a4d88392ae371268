import type { Schemas } from '../api.ts';
import { type Expiry, expiryAt, instantOf, NEVER } from '../ui/expiry-input.tsx';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import type { EndpointData } from './scope.tsx';

/** Which methods an endpoint allows: every one, those that read, or some. */
export type MethodChoice = 'all' | 'read' | 'chosen';

/** The fields of the form of an endpoint. */
export type EndpointValues = {
  readonly name: string;
  readonly choice: MethodChoice;
  /** Counts for the choice `chosen`. */
  readonly methods: string[];
  readonly tags: string[];
  readonly expiry: Expiry;
  readonly isDiscovery: boolean;
  readonly asksForToken: boolean;
};

/** An endpoint with all tools, for ever. */
export const NEW_ENDPOINT: EndpointValues = {
  name: '',
  choice: 'all',
  methods: [],
  tags: [],
  expiry: NEVER,
  isDiscovery: false,
  asksForToken: false,
};

/** The fields of an endpoint that is there. */
export function valuesOf({ name, config, expires_at: expiresAt }: EndpointData): EndpointValues {
  const { methods, tags = [] } = config;
  const isRead = methods?.length === 1 && methods[0] === 'read';
  return {
    name,
    choice: methods === undefined ? 'all' : isRead ? 'read' : 'chosen',
    methods: isRead ? [] : (methods ?? []),
    tags,
    expiry: expiryAt(expiresAt),
    isDiscovery: config.tool_exposure === 'discovery',
    asksForToken: config.require_api_token_auth === true,
  };
}

/** The scope of the form, as a request has it; an absent key does not restrict. */
export function scopeOf({ choice, methods, tags }: Pick<EndpointValues, 'choice' | 'methods' | 'tags'>): {
  methods?: string[];
  tags?: string[];
} {
  const allowed = choice === 'read' ? ['read'] : choice === 'chosen' ? methods : [];
  return { ...(allowed.length > 0 && { methods: allowed }), ...(tags.length > 0 && { tags }) };
}

/** The request of the form. Keys that do not restrict are null, which an update needs to remove a restriction. */
export function bodyOf(values: EndpointValues): Schemas['EndpointCreate'] {
  const { name, expiry, isDiscovery, asksForToken } = values;
  return {
    name: name.trim(),
    config: {
      methods: null,
      tags: null,
      ...scopeOf(values),
      tool_exposure: isDiscovery ? 'discovery' : null,
      require_api_token_auth: asksForToken ? true : null,
    },
    expires_at: instantOf(expiry) ?? null,
  };
}

/** The mistakes that the answer to a request names, by the fields of the form. */
export function mistakesOf(error: unknown): Record<string, string> {
  const mistakes = Object.entries(fieldErrorsOf(error, Object.keys(PLACES)));
  return Object.fromEntries(mistakes.map(([place, message]) => [PLACES[place] ?? place, message]));
}

/** The fields of the form by their places in the request. */
const PLACES: Readonly<Record<string, keyof EndpointValues>> = {
  name: 'name',
  'config.methods': 'methods',
  'config.tags': 'tags',
  expires_at: 'expiry',
};

/** The least time, in milliseconds, that an endpoint must last. */
const SHORTEST_MS = 60_000;

/** The mistakes of the fields that a request need not find. */
export const VALIDATE = {
  name: (name: string) => (name.trim() === '' ? 'Write a name: it tells this endpoint from others.' : null),
  methods: (methods: string[], { choice }: EndpointValues) =>
    choice === 'chosen' && methods.length === 0 ? 'Choose at least one method, or allow all of them.' : null,
  expiry: (expiry: Expiry) => {
    const instant = instantOf(expiry);
    if (instant === undefined) {
      return 'Choose a date and a time.';
    }
    return instant !== null && new Date(instant).getTime() < Date.now() + SHORTEST_MS
      ? 'Choose a time at least one minute from now.'
      : null;
  },
};
