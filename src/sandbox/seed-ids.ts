import { type Ids, randomIds } from '../base/ids.ts';

/** The ids that the document's examples give the first organization, its API token and its API key, in this order. */
const ORGANIZATION = 'org_2zC2v0GqxbrfKq1rKazb3gFcPEq';
const CREDENTIALS = ['0c1a2b3c-4d5e-4f70-8192-a3b4c5d6e7f8', '7d9f5c1e-8a64-4b0f-9d1c-2f3a4b5c6d7e'];

/** The chosen ids of an object. Ids that are undefined are random. */
export type ChosenIds = { readonly id?: string | undefined; readonly token?: string | undefined };

/**
 * Makes the ids of a sandbox: those of the examples for the first organization and its credentials, then those that are
 * chosen for the next object, else random ones. Whoever chooses is the only one who makes objects meanwhile.
 */
export function createSeedIds(): { readonly ids: Ids; readonly choose: (chosen: ChosenIds) => void } {
  const uuids = [...CREDENTIALS];
  const organizations = [ORGANIZATION];
  let token: string | undefined;
  return {
    ids: {
      ...randomIds,
      organization: () => organizations.shift() ?? randomIds.organization(),
      uuid: () => uuids.shift() ?? randomIds.uuid(),
      endpointToken: () => token ?? randomIds.endpointToken(),
    },
    choose: (chosen) => {
      uuids.splice(0, uuids.length, ...(chosen.id === undefined ? [] : [chosen.id]));
      token = chosen.token;
    },
  };
}
