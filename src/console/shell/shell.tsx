import { AppShell, Burger, Button, Group, Menu, NavLink, ScrollArea, Text, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { PUBLIC_PATH } from '../api.ts';
import { LiveApprovals } from '../approvals/live.tsx';
import { mayOneOf, signOut, useSession } from '../session.ts';
import { Outside } from '../ui/outside.tsx';
import { useShortcutSetting } from '../ui/shortcuts.ts';
import { AREAS } from './areas.ts';

/** The frame of all pages: the areas that the person may see on the left, the page on the right. */
export function Shell() {
  const session = useSession();
  const [isOpen, { toggle, close }] = useDisclosure();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const navigate = useNavigate();
  const isOver = session.permissions.length === 0;
  useEffect(() => {
    if (isOver) {
      void navigate({ to: '/welcome', search: { return_to: path } });
    }
  }, [isOver, navigate, path]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 230, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'sm', sm: 'lg' }}
      transitionDuration={0}
    >
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group wrap="nowrap" gap="sm">
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label="Menu"
              aria-expanded={isOpen}
            />
            <Text fw={700} component={Link} to="/">
              Gatehouse
            </Text>
          </Group>
          <Person />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Areas">
        <ScrollArea>
          {AREAS.filter(({ permissions }) => mayOneOf(session, permissions)).map(({ to, label }) => (
            <NavLink
              key={to}
              component={Link}
              to={to}
              label={label}
              onClick={close}
              active={path === to || (to !== '/' && path.startsWith(`${to}/`))}
            />
          ))}
          <NavLink href={`${PUBLIC_PATH}/docs`} label="Documentation" />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content">
        {mayOneOf(session, ['approvals']) && <LiveApprovals />}
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

/** Who is signed in, the colours, and the way out. */
function Person() {
  const session = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [hasKeys, setKeys] = useShortcutSetting();
  return (
    <Menu position="bottom-end" transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <Button variant="default" size="compact-md" maw={{ base: 180, sm: 400 }}>
          <Outside>{session.name}</Outside>
        </Button>
      </Menu.Target>
      <Menu.Dropdown maw={300}>
        <Menu.Label>
          {session.organization === null ? 'Operator' : <Outside>{session.organization.name}</Outside>}
        </Menu.Label>
        <Menu.Label>May use: {session.permissions.join(', ')}</Menu.Label>
        <Menu.Divider />
        {(['auto', 'light', 'dark'] as const).map((scheme) => (
          <Menu.Item key={scheme} onClick={() => setColorScheme(scheme)} disabled={scheme === colorScheme}>
            Colours: {scheme === 'auto' ? 'as the system' : scheme}
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => setKeys(!hasKeys)}>Keys: turn {hasKeys ? 'off' : 'on'}</Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
