// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/debugger"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// appPage is the page with Clerk's own client in it.
const appPage = "/app"

// visit is somebody's, to one of the layouts, with several tabs of one browser.
type visit struct {
	place
	// t is the whole visit's, with which its tabs are closed.
	t      *testing.T
	ledger *ledger
	// app shows the page with Clerk's own client, and other pages without it.
	app, other *tab
	tabs       []*tab
}

// startVisit opens a browser of its own with two tabs.
func startVisit(t *testing.T, browser context.Context, p place, l *ledger) *visit {
	t.Helper()
	v := &visit{place: p, t: t, ledger: l}
	v.app = v.keep(t, openTab(t, browser, p.origin))
	v.other = v.another()
	return v
}

// another opens one more tab in the same browser.
func (v *visit) another() *tab {
	v.t.Helper()
	return v.keep(v.t, newTab(v.t, v.app.ctx, v.origin))
}

// keep has a tab counted, and in front as far as its page can tell.
func (v *visit) keep(t *testing.T, b *tab) *tab {
	t.Helper()
	v.tabs = append(v.tabs, b)
	run(t, b, "focusing a tab", func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	})
	return b
}

// step is one thing that somebody does. What it gives is what came of it, for the
// ledger. What follows builds on it.
func (v *visit) step(t *testing.T, name string, do func(t *testing.T) string) {
	t.Helper()
	before, result := v.seenTraffic(), ""
	if !t.Run(name, func(t *testing.T) { result = do(t) }) {
		t.FailNow()
	}
	after := v.seenTraffic()
	v.ledger.add(name, v.layout, entry{after.requests - before.requests, after.redirects - before.redirects, result})
	if len(after.elsewhere) > len(before.elsewhere) {
		t.Errorf("expected requests to this site alone, got %q", after.elsewhere)
	}
}

func (v *visit) seenTraffic() (all traffic) {
	for _, b := range v.tabs {
		seen := b.seenTraffic()
		all.requests += seen.requests
		all.redirects += seen.redirects
		all.elsewhere = append(all.elsewhere, seen.elsewhere...)
	}
	return all
}

// openApp shows the page with Clerk's client, and waits until that is ready.
func (v *visit) openApp(t *testing.T, b *tab) {
	t.Helper()
	if redirects := b.open(t, appPage); len(redirects) > 0 {
		t.Errorf("expected %s to answer at once, got %q", appPage, redirects)
	}
	b.await(t, "Clerk's client to load", `window.Clerk?.loaded`)
}

// signIn signs somebody in by Clerk's client without its prebuilt page.
func (v *visit) signIn(t *testing.T, who, password string) string {
	t.Helper()
	return evaluate[string](t, v.app, fmt.Sprintf(`(async () => {
		try {
			const attempt = await Clerk.client.signIn.create({strategy: 'password', identifier: %q, password: %q});
			await Clerk.setActive({session: attempt.createdSessionId});
			return attempt.status;
		} catch (problem) {
			return problem.errors ? problem.status + ' ' + problem.errors[0].code : String(problem);
		}
	})()`, who, password))
}

// activate makes an organization the active one, and asks the gate at once, in
// the same breath, for the page of admins.
func (v *visit) activate(t *testing.T, organization string) (status int) {
	t.Helper()
	return evaluate[int](t, v.app, fmt.Sprintf(
		`Clerk.setActive({organization: %q}).then(() => fetch('/admin')).then(answer => answer.status)`, organization))
}

// who is whom the gate takes a script for; its status, where it takes it for nobody.
func who(t *testing.T, b *tab) string {
	t.Helper()
	return evaluate[string](t, b, `fetch('/whoami', {redirect: 'manual'}).then(async answer =>
		answer.ok ? (await answer.json()).user_id : String(answer.status))`)
}

// expectAtGate checks whom the gate takes a script for.
func expectAtGate(t *testing.T, b *tab, want string) {
	t.Helper()
	if got := who(t, b); got != want {
		t.Errorf("expected the gate to answer a script with %s, got %s", want, got)
	}
}

// expired tells of the token in the browser whether it is no longer good.
const expired = `JSON.parse(atob(/__session=[^.]*\.([^.]*)/.exec(document.cookie)[1].replaceAll('-', '+').replaceAll('_', '/'))).exp * 1000 < Date.now()`

// awaitExpiry waits until the token has expired, which nobody is there to renew.
func awaitExpiry(t *testing.T, b *tab) {
	t.Helper()
	b.await(t, "the token to expire", expired)
	if got := send(t, b); got != http.StatusUnauthorized {
		t.Errorf("expected the gate to refuse an expired token, got status %d", got)
	}
}

// send has a script send something, for which the gate neither redirects nor
// renews the session.
func send(t *testing.T, b *tab) (status int) {
	t.Helper()
	return evaluate[int](t, b, `fetch('/upstream', {method: 'POST', redirect: 'manual'}).then(answer => answer.status)`)
}

// arrive opens a page behind the gate, which has to cost no more redirects.
func arrive(t *testing.T, b *tab, path string, redirects int) {
	t.Helper()
	got := b.open(t, path)
	b.at(t, path)
	if len(got) > redirects {
		t.Errorf("opening %s: expected %d redirects or fewer, got %d: %q", path, redirects, len(got), got)
	}
}

// expectTurnedAway opens a page behind the gate as nobody.
func (v *visit) expectTurnedAway(t *testing.T) {
	t.Helper()
	redirects := v.other.open(t, "/")
	v.other.at(t, signInPage)
	if len(redirects) > maxRedirects {
		t.Errorf("expected %d redirects or fewer, got %q", maxRedirects, redirects)
	}
}

// expectNoSession looks for what a session leaves in a browser.
func expectNoSession(t *testing.T, b *tab) {
	t.Helper()
	for name, value := range b.cookies(t) {
		if value != "" && (strings.HasPrefix(name, "__session") || strings.HasPrefix(name, "__client_uat") && value != "0") {
			t.Errorf("expected no cookie of a session, got %s", name)
		}
	}
}

// revoke ends a session as an application's backend does.
func (v *visit) revoke(t *testing.T, session string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.api+"/v1/sessions/"+session+"/revoke", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+v.secretKey())
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("revoking the session: %v", err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("revoking the session: expected status 200, got %d", answer.StatusCode)
	}
}

// sleep has the scripts of a tab stand still, as on a laptop that was closed. They
// do so with the next thing that they would do.
func sleep(t *testing.T, b *tab) {
	t.Helper()
	run(t, b, "putting the tab to sleep", chromedp.WaitEvent(debugger.Paused, nil, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
		if _, err := cdp.Call(ctx, target, debugger.Enable, debugger.EnableParams{}); err != nil {
			return cdp.Empty{}, err
		}
		return cdp.Call(ctx, target, debugger.Pause, cdp.Empty{})
	}))
}

func wake(t *testing.T, b *tab) {
	t.Helper()
	run(t, b, "waking the tab", func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, target, debugger.Disable, cdp.Empty{})
	})
}
