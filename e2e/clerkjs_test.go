// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

var (
	// clerk-js renews a token of 17 seconds or less when 5 are left of it, and a
	// longer one when 17 are. The shorter ones leave it less time, and the tests.
	tokenLifetime = flag.Duration("token-lifetime", 10*time.Second, "how long a session token lives in the tests of Clerk's own client")
	lifetimes     = flag.Int("lifetimes", 5, "for how many lifetimes of a token Clerk's own client has to keep a session")
)

const (
	alice = "alice@example.com"
	acme  = "org_acme"
	// globex is the organization in which alice is no admin.
	globex = "org_globex"
)

// TestClientOfClerk visits the demo with Clerk's own client, in each layout. All
// of them are in one Caddy, and the visits take place at the same time.
func TestClientOfClerk(t *testing.T) {
	places := startLayouts(t, *tokenLifetime, layouts...)
	browser := startBrowser(t, "")
	measured := newLedger()
	t.Run("in", func(t *testing.T) {
		for _, p := range places {
			t.Run(p.String(), func(t *testing.T) {
				t.Parallel()
				visitWithClient(t, startVisit(t, browser, p, measured))
			})
		}
		t.Run("two tabs", func(t *testing.T) {
			t.Parallel()
			twoTabsTwoOrganizations(t, startVisit(t, browser, places[1], newLedger()))
		})
	})
	measured.update(t)
}

func visitWithClient(t *testing.T, v *visit) {
	signsIn(t, v)
	changesOrganization(t, v)
	v.step(t, "reload, second tab", func(t *testing.T) string {
		second := v.another()
		for _, b := range []*tab{v.app, second} {
			v.openApp(t, b)
			b.await(t, "the client to know alice", greetsAlice)
		}
		return "alice in both"
	})
	v.step(t, fmt.Sprintf("%d lifetimes of a token", *lifetimes), v.staysSignedIn)
	sleeps(t, v)
	signsOut(t, v)
	usesPrebuiltPage(t, v)
	v.step(t, "the backend revokes the session", func(t *testing.T) string {
		v.revoke(t, evaluate[string](t, v.app, `Clerk.session.id`))
		v.app.await(t, "the client to learn of it", `!Clerk.user`)
		expectAtGate(t, v.app, "401")
		v.expectTurnedAway(t)
		expectNoSession(t, v.app)
		return "signed out with the next refresh"
	})
	v.step(t, "sign in at Clerk's own page", func(t *testing.T) string {
		v.openApp(t, v.app)
		followPlainSignIn(t, v.app, "bob")
		expectMember(t, v.app, "Bob Baker", "user_bob", "acme", "org:member")
		v.openApp(t, v.app)
		v.app.await(t, "the client to know bob", `Clerk.user?.id === 'user_bob'`)
		return "the client and the gate know bob"
	})
	for _, b := range v.tabs {
		if exceptions := b.seenExceptions(); len(exceptions) > 0 {
			t.Errorf("a page threw: %q", exceptions)
		}
	}
}

func signsIn(t *testing.T, v *visit) {
	v.step(t, "load", func(t *testing.T) string {
		v.openApp(t, v.app)
		if evaluate[bool](t, v.app, `Boolean(Clerk.user) || navigator.webdriver`) {
			t.Error("expected nobody, in a browser that does not say that it is driven")
		}
		expectAtGate(t, v.app, "401")
		return "nobody"
	})
	v.step(t, "wrong password", func(t *testing.T) string {
		got := v.signIn(t, alice, "not "+emulator.Password)
		if want := "422 form_password_incorrect"; got != want {
			t.Errorf("expected the client to get %s, got %s", want, got)
		}
		expectAtGate(t, v.app, "401")
		return got
	})
	v.step(t, "sign in by script", func(t *testing.T) string {
		got := v.signIn(t, alice, emulator.Password)
		if got != "complete" {
			t.Fatalf("expected the attempt to be complete, got %s", got)
		}
		expectAtGate(t, v.app, "user_alice")
		if plain, suffixed := sessionCookies(t, v.app); plain == "" || suffixed != plain {
			t.Error("expected __session and its suffixed twin to hold one token")
		}
		if readable := evaluate[string](t, v.app, `document.cookie`); strings.Contains(readable, "__client=") {
			t.Error("expected no script to see the cookie __client")
		}
		return got
	})
	v.step(t, "open a page behind the gate", func(t *testing.T) string {
		arrive(t, v.other, "/", 0)
		expectMember(t, v.other, "Alice Adams", "user_alice", "acme", "org:admin")
		return "alice, admin of acme"
	})
}

func changesOrganization(t *testing.T, v *visit) {
	v.step(t, "switch organization", func(t *testing.T) string {
		for _, organization := range []struct {
			id     string
			status int
		}{{globex, 403}, {acme, 200}, {globex, 403}} {
			if got := v.activate(t, organization.id); got != organization.status {
				t.Errorf("in %s: expected the page of admins to answer %d, got %d", organization.id, organization.status, got)
			}
		}
		arrive(t, v.other, "/", 0)
		expectMember(t, v.other, "Alice Adams", "user_alice", "globex", "org:member")
		return "/admin answers 403 and 200 at once"
	})
	v.step(t, "open a page of another organization", func(t *testing.T) string {
		// In this tab, since no client is to be left that renews the token for the
		// other organization.
		arrive(t, v.app, "/orgs/acme", v.handshakeRedirects())
		if got := run(t, v.app, "reading the title", chromedp.Title()); got != "acme" {
			t.Errorf("expected the page of acme, got %q", got)
		}
		v.openApp(t, v.app)
		v.app.await(t, "the client to be in acme", `Clerk.organization?.slug === 'acme'`)
		arrive(t, v.other, "/", 0)
		expectMember(t, v.other, "Alice Adams", "user_alice", "acme", "org:admin")
		return "a handshake; Clerk's client follows"
	})
}

// handshakeRedirects are those that a handshake takes: out, back, and in
// development on to the clean address.
func (v *visit) handshakeRedirects() int {
	if v.production {
		return 2
	}
	return 3
}

// noClientUat is why the gate cannot tell whether somebody has signed out since.
const noClientUat = "session-token-but-no-client-uat"

// maxRaced is how many requests of a visit may meet the client's writing.
const maxRaced = 3

// staysSignedIn asks the gate all the time, by scripts in the page and by opening
// others in another tab. One answer that is not the wanted one is a failure.
func (v *visit) staysSignedIn(t *testing.T) string {
	evaluate[bool](t, v.app, `(() => {
		const seen = window.seen = {asked: 0, raced: 0, refused: [], tokens: new Set()};
		(async () => {
			for (let i = 0; !seen.done; i++) {
				const method = i % 2 ? 'POST' : 'GET';
				const answer = await fetch('/upstream', {method, redirect: 'manual'});
				seen.asked++;
				const reason = answer.headers.get('X-Clerk-Auth-Reason');
				if (answer.status === 401 && reason === '`+noClientUat+`') seen.raced++;
				else if (answer.status !== 200) seen.refused.push(method + ' ' + answer.status + ' ' + reason);
				seen.tokens.add(/__session=([^;]*)/.exec(document.cookie)?.[1]);
				await new Promise(resume => setTimeout(resume, 100));
			}
		})().catch(problem => seen.refused.push(String(problem)));
		return true;
	})()`)
	pages := []string{"/", "/admin", "/whoami", "/upstream"}
	opened, raced := 0, 0
	pace := time.NewTicker(250 * time.Millisecond)
	defer pace.Stop()
	for end := time.Now().Add(time.Duration(*lifetimes) * v.lifetime); time.Now().Before(end); opened++ {
		arrive(t, v.other, pages[opened%len(pages)], v.handshakeRedirects())
		if redirects := v.other.seenRedirects(); len(redirects) > 0 {
			raced++
			if !strings.Contains(redirects[0], noClientUat) {
				t.Errorf("expected no redirects, got %q", redirects)
			}
		}
		<-pace.C
	}
	seen := evaluate[struct {
		Asked, Raced, Tokens int
		Refused              []string
	}](t, v.app, `window.seen.done = true, {asked: seen.asked, raced: seen.raced, refused: seen.refused, tokens: seen.tokens.size}`)
	if len(seen.Refused) > 0 {
		t.Errorf("expected the gate to accept all of %d requests, got %q", seen.Asked, seen.Refused)
	}
	// In development the client itself writes the cookie __client_uat, and takes it
	// away for a moment before it does. No production instance is to show that.
	raced += seen.Raced
	if raced > maxRaced || v.production && raced > 0 {
		t.Errorf("expected the cookie __client_uat to be there, got %d requests without it", raced)
	}
	if seen.Tokens < *lifetimes {
		t.Errorf("expected %d tokens or more, got %d", *lifetimes, seen.Tokens)
	}
	t.Logf("%d pages and %d answers to scripts, %d of them asked for while the client wrote its cookies; %d tokens", opened, seen.Asked, raced, seen.Tokens)
	return "no script refused, no page redirected"
}

// sleeps has the tabs with Clerk's client stand still for longer than a token
// lives, as on a laptop that was closed.
func sleeps(t *testing.T, v *visit) {
	var asleep []*tab
	for _, b := range v.tabs {
		if b != v.other {
			asleep = append(asleep, b)
		}
	}
	v.step(t, "sleep, and open a page", func(t *testing.T) string {
		for _, b := range asleep {
			sleep(t, b)
		}
		awaitExpiry(t, v.other)
		arrive(t, v.other, "/", 0)
		return "the gate renews the session"
	})
	v.step(t, "sleep, and open a page without a refresh token", func(t *testing.T) string {
		awaitExpiry(t, v.other)
		for name := range v.other.cookies(t) {
			if strings.HasPrefix(name, "__refresh_") {
				v.other.deleteCookie(t, name)
			}
		}
		if got := who(t, v.other); got != "401" {
			t.Errorf("expected the gate to answer a script with 401, got %s", got)
		}
		arrive(t, v.other, "/", v.handshakeRedirects())
		if v.other.seenRedirects() == nil {
			t.Error("expected a handshake, got none")
		}
		return "a handshake"
	})
	v.step(t, "sleep, and send something by a script", func(t *testing.T) string {
		awaitExpiry(t, v.other)
		for _, b := range asleep {
			wake(t, b)
		}
		v.app.await(t, "the client to renew the session", `!(`+expired+`)`)
		if got := send(t, v.app); got != http.StatusOK {
			t.Errorf("expected the gate to accept what the client has renewed, got status %d", got)
		}
		return "401, and 200 once the client has woken"
	})
}

func signsOut(t *testing.T, v *visit) {
	v.step(t, "sign out", func(t *testing.T) string {
		second := v.tabs[len(v.tabs)-1]
		for _, b := range []*tab{v.app, second} {
			// A tab that has just asked for a token keeps it when it comes, also
			// after another has signed out.
			evaluate[string](t, b, `Clerk.session.getToken({skipCache: true})`)
		}
		if status := evaluate[int](t, v.app, `Clerk.signOut(() => {}).then(() => fetch('/whoami', {redirect: 'manual'})).then(answer => answer.status)`); status != 401 {
			t.Errorf("expected the gate to answer 401 at once, got %d", status)
		}
		v.expectTurnedAway(t)
		second.await(t, "the other tab to learn of it", `!Clerk.user && !document.querySelector('#signed-out').hidden`)
		expectNoSession(t, v.app)
		return "401 at once; the other tab follows"
	})
}

func usesPrebuiltPage(t *testing.T, v *visit) {
	v.step(t, "sign in by the prebuilt page", func(t *testing.T) string {
		v.openApp(t, v.app)
		v.app.usePrebuiltPage(t, alice, emulator.Password)
		v.app.await(t, "the page to greet alice", greetsAlice)
		v.app.at(t, appPage)
		expectAtGate(t, v.app, "user_alice")
		arrive(t, v.other, "/", 0)
		return "alice, back on the page"
	})
}

// proceed is the button of Clerk's prebuilt sign-in.
const proceed = ".cl-formButtonPrimary"

// greetsAlice holds when the page and the client in it know alice.
const greetsAlice = `Clerk.user?.id === 'user_alice' && document.querySelector('#name').textContent === 'Alice Adams'`

// usePrebuiltPage does what a person does at Clerk's prebuilt sign-in.
func (b *tab) usePrebuiltPage(t *testing.T, who, password string) {
	t.Helper()
	const enter = "\r"
	run(t, b, "waiting for the sign-in", chromedp.WaitVisible(chromedp.CSS(`input[name=identifier]`)))
	b.fill(t, `input[name=identifier]`, who+enter)
	b.await(t, "the second step", `location.hash.includes('factor-one') && document.querySelector('input[name=password]')`)
	b.fill(t, `input[name=password]`, password+enter)
}

// TestDemoWithoutTheClient opens the page of Clerk's own client where that has not
// been fetched.
func TestDemoWithoutTheClient(t *testing.T) {
	origin := startSite(t, siteOptions{withoutClient: true})
	b := openTab(t, startBrowser(t, ""), origin)
	b.open(t, appPage)
	run(t, b, "waiting for the page to say so", chromedp.WaitVisible(chromedp.CSS(`#missing`)))
	if got := b.text(t, "#missing"); !strings.Contains(got, "bash e2e/fetch") {
		t.Errorf("expected the command that fetches it, got %q", got)
	}
	followPlainSignIn(t, b, "alice")
	expectMember(t, b, "Alice Adams", "user_alice", "acme", "org:admin")
}

// followPlainSignIn goes where the link beside Clerk's prebuilt sign-in leads. It is
// not clicked on, since it moves down while that appears.
func followPlainSignIn(t *testing.T, b *tab, user string) {
	t.Helper()
	b.open(t, evaluate[string](t, b, `document.querySelector('a[href^="/__clerk/sign-in"]').getAttribute('href')`))
	b.at(t, signInPage)
	signIn(t, b, user)
}
