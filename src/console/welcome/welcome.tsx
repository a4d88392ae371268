import { Alert, Button, Divider, Fieldset, Paper, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { api, Problem, PUBLIC_PATH, queries, SESSION_KEY } from '../api.ts';
import { sessionOptions } from '../session.ts';
import { Page } from '../ui/page.tsx';
import { ProblemNotice } from '../ui/problem.tsx';

/** Why the sign-in from which the provider has sent the browser back has failed; empty if it has not. */
const PROBLEM = document.querySelector<HTMLMetaElement>('meta[name=gatehouse-problem]')?.content ?? '';

/** The page where people sign in. Those who are signed in go on to the page that they wanted. */
export function Welcome() {
  const { return_to: wanted } = useSearch({ strict: false });
  const { data: session } = useQuery(sessionOptions);
  const router = useRouter();
  useEffect(() => {
    if (session) {
      router.history.replace(router.options.basepath + (pathInside(wanted) ?? '/'));
    }
  }, [session, wanted, router]);
  const { data: index } = api.useQuery('get', '/');
  return (
    <Paper maw={480} mx="auto" my={{ base: 'md', sm: 64 }} p={{ base: 'md', sm: 'xl' }} withBorder component="main">
      <Page title="Sign in to Gatehouse" name="Sign in">
        {PROBLEM !== '' && <ProblemNotice error={new Problem(0, PROBLEM, null)} />}
        {index?.sign_in && (
          <>
            <Button component="a" href={signInUrl(index.sign_in, wanted)} size="md" fullWidth>
              Sign in with your organization
            </Button>
            <Divider label="or with credentials" />
          </>
        )}
        <Credentials />
        <Text size="sm" c="dimmed">
          Without a browser: <a href={`${PUBLIC_PATH}/docs/authentication.html`}>authentication</a>.
        </Text>
      </Page>
    </Paper>
  );
}

/** A path of the console, as the page that sent the person here wrote it; null for anything else. */
export const pathInside = (text: string | undefined): string | null =>
  text !== undefined && /^\/(?![/\\])/.test(text) && !text.startsWith('/welcome') ? text : null;

const signInUrl = (url: string, wanted: string | undefined): string => {
  const target = new URL(url);
  // The same server under the name that this browser uses: a cookie of another name would not come along.
  const own = new URL(target.pathname, location.origin);
  own.searchParams.set('return_to', `/console${pathInside(wanted) ?? ''}`);
  return own.href;
};

function Credentials() {
  const signIn = api.useMutation('post', '/console/session', {
    onSuccess: (session) => queries.setQueryData(SESSION_KEY, session),
  });
  const form = useForm({
    initialValues: { name: '', api_key: '', api_secret: '', api_token: '', operator_token: '' },
    validate: {
      name: (name) =>
        name.trim() === '' ? 'Write your name: it stands beside every decision and change of yours.' : null,
      api_secret: (secret, { api_key }) =>
        (secret === '') === (api_key === '') ? null : 'A key pair is a key and its secret: fill in both.',
      operator_token: (token, { api_key, api_token }) =>
        token + api_key + api_token === '' ? 'Fill in at least one kind of credentials.' : null,
    },
  });
  const submit = form.onSubmit((values) => {
    const given = Object.entries(values).filter(([, value]) => value.trim() !== '');
    signIn.mutate({ body: Object.fromEntries(given.map(([name, value]) => [name, value.trim()])) });
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {signIn.error !== null && <ProblemNotice error={signIn.error} />}
        <TextInput label="Your name" autoComplete="name" required {...form.getInputProps('name')} />
        <Fieldset legend="Key pair">
          <Text size="sm" mb="xs">
            Opens servers and webhooks; with the permission “approvals”, you decide about calls.
          </Text>
          <TextInput label="Key" autoComplete="off" spellCheck={false} {...form.getInputProps('api_key')} />
          <PasswordInput label="Secret" autoComplete="off" {...form.getInputProps('api_secret')} />
        </Fieldset>
        <Fieldset legend="API token">
          <Text size="sm" mb="xs">
            Opens integrations, accounts and endpoints.
          </Text>
          <PasswordInput label="Token" autoComplete="off" {...form.getInputProps('api_token')} />
        </Fieldset>
        <Fieldset legend="Operator token">
          <Text size="sm" mb="xs">
            Opens organizations, credentials, shared servers and the audit log.
          </Text>
          <PasswordInput label="Operator token" autoComplete="off" {...form.getInputProps('operator_token')} />
        </Fieldset>
        <Button type="submit" loading={signIn.isPending}>
          Sign in
        </Button>
        <Alert variant="light" p="xs">
          The credentials go to this server only. The browser keeps a cookie that no script can read, for at most 12
          hours.
        </Alert>
      </Stack>
    </form>
  );
}
