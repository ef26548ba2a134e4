// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	signInPage = "/__clerk/sign-in"
	tasksPage  = "/__clerk/sign-in/tasks"
)

func signIn(t *testing.T, b *tab, user string) {
	t.Helper()
	b.click(t, `button[name=user][value=`+user+`]`)
}

// facts gives what the page says of who is there, by its labels.
func facts(t *testing.T, b *tab) map[string]string {
	t.Helper()
	return evaluate[map[string]string](t, b, `Object.fromEntries([...document.querySelectorAll('dl div')].map(
		row => [row.querySelector('dt').textContent, row.querySelector('dd').textContent]))`)
}

// expectMember checks that the page greets someone and says what they are.
func expectMember(t *testing.T, b *tab, name, user, organization, role string) {
	t.Helper()
	b.at(t, "/")
	if got, want := b.text(t, "h1"), "Hello, "+name; got != want {
		t.Errorf("expected the greeting %q, got %q", want, got)
	}
	got := facts(t, b)
	for label, want := range map[string]string{"User": user, "Organization": organization, "Role": role} {
		if got[label] != want {
			t.Errorf("%s: expected %q, got %q", label, want, got[label])
		}
	}
}

func TestStory(t *testing.T) {
	t.Run("development", func(t *testing.T) {
		// The expired token goes out with the handshake, its answer comes back
		// in the address, and the address is made clean.
		story(t, siteOptions{tokenLifetime: "4s"}, 3)
	})
	t.Run("production", func(t *testing.T) {
		// The answer comes back in a cookie, so the address needs no cleaning.
		story(t, siteOptions{tokenLifetime: "4s", production: true}, 2)
	})
}

// story is a visit from the first request to the sign-out. An expired session
// may cost so many redirects and no more.
func story(t *testing.T, o siteOptions, handshakeRedirects int) {
	origin := startSite(t, o)
	b := openTab(t, startBrowser(t, ""), origin)

	step := func(name string, do func(t *testing.T)) {
		t.Helper()
		if !t.Run(name, do) {
			// What follows builds on it.
			t.FailNow()
		}
	}

	step("a stranger is sent to sign in", func(t *testing.T) {
		redirects := b.open(t, "/")
		b.at(t, signInPage)
		t.Logf("redirects: %q", redirects)
	})

	step("alice signs in and sees who she is", func(t *testing.T) {
		signIn(t, b, "alice")
		expectMember(t, b, "Alice Adams", "user_alice", "acme", "org:admin")
		if location := run(t, b, "reading the address", chromedp.Location()); location != origin+"/" {
			t.Errorf("expected the address %s, got %s", origin+"/", brief(location))
		}
	})

	before := ""
	step("the session is in both cookies", func(t *testing.T) {
		plain, suffixed := sessionCookies(t, b)
		if plain == "" || suffixed != plain {
			t.Fatalf("expected __session and its suffixed twin to hold one token, got cookies %q",
				slices.Sorted(maps.Keys(b.cookies(t))))
		}
		before = plain
	})

	expire := func(t *testing.T) {
		// Only what is not a GET is refused: it is neither redirected through a
		// handshake nor a reason to refresh the session.
		run(t, b, "waiting for the token to expire", chromedp.PollFunction[bool](
			`async () => (await fetch('/whoami', {method: 'POST', redirect: 'manual'})).status === 401`,
			chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(stepTimeout)))
	}
	step("the token expires", expire)

	step("a script has the session refreshed", func(t *testing.T) {
		if status := evaluate[int](t, b, `fetch('/whoami', {redirect: 'manual'}).then(answer => answer.status)`); status != 200 {
			t.Errorf("expected the script to be let in, got the status %d", status)
		}
		plain, suffixed := sessionCookies(t, b)
		if plain == before || suffixed != plain {
			t.Error("expected a new token in both cookies")
		}
		before = plain
	})

	step("the token expires, and with it what refreshes it", func(t *testing.T) {
		expire(t)
		for name := range b.cookies(t) {
			if strings.HasPrefix(name, "__refresh_") {
				b.deleteCookie(t, name)
			}
		}
	})

	step("alice comes back and notices nothing", func(t *testing.T) {
		redirects := b.open(t, "/")
		t.Logf("redirects: %q", redirects)
		expectMember(t, b, "Alice Adams", "user_alice", "acme", "org:admin")
		if len(redirects) == 0 || len(redirects) > handshakeRedirects {
			t.Errorf("expected 1 to %d redirects, got %d: %q", handshakeRedirects, len(redirects), redirects)
		}
		if plain, _ := sessionCookies(t, b); plain == before {
			t.Error("expected a new token, got the expired one")
		}
	})

	step("a link to where alice signs out does not sign her out", func(t *testing.T) {
		b.open(t, "/sign-out")
		b.at(t, "/sign-out")
		b.open(t, "/")
		expectMember(t, b, "Alice Adams", "user_alice", "acme", "org:admin")
	})

	step("alice signs out by the page's button, and is known to nobody", func(t *testing.T) {
		b.open(t, "/sign-out")
		b.click(t, `form button`)
		b.at(t, signInPage)
		if note := b.text(t, ".note"); strings.Contains(note, "at present") {
			t.Errorf("expected Clerk to have been told, got a sign-in page that says %q", note)
		}
		signIn(t, b, "alice")
		expectMember(t, b, "Alice Adams", "user_alice", "acme", "org:admin")
	})

	step("alice signs out and is a stranger again", func(t *testing.T) {
		b.click(t, `form[action="/sign-out"] button`)
		b.at(t, signInPage)
		if plain, suffixed := sessionCookies(t, b); plain != "" || suffixed != "" {
			t.Error("expected no session cookie, got one")
		}
		b.open(t, "/")
		b.at(t, signInPage)
	})

	if exceptions := b.seenExceptions(); len(exceptions) > 0 {
		t.Errorf("a page threw: %q", exceptions)
	}
}

// sessionCookies gives the plain session cookie and the one whose name ends
// with what stands for the instance.
func sessionCookies(t *testing.T, b *tab) (plain, suffixed string) {
	t.Helper()
	for name, value := range b.cookies(t) {
		switch {
		case name == "__session":
			plain = value
		case strings.HasPrefix(name, "__session_"):
			suffixed = value
		}
	}
	return plain, suffixed
}

// TestNameIsText signs in under names that a page or a template might run.
func TestNameIsText(t *testing.T) {
	secret := t.TempDir()
	browser := startBrowser(t, "")
	// The templates run in this process, so this is the HOME that they would show.
	t.Setenv("HOME", secret)
	origin := startSite(t, siteOptions{})

	for _, name := range []string{
		`<script>{{env "HOME"}}`,
		`<script>document.title = "ran"</script>{{env "HOME"}}`,
		`<img src=x onerror='document.title = "ran"'>{env.HOME}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := openTab(t, browser, origin)
			b.open(t, "/")
			b.fill(t, "#email", name)
			b.click(t, ".primary")

			b.at(t, "/")
			if got, want := b.text(t, "h1"), "Hello, "+name; got != want {
				t.Errorf("expected the page to show %q, got %q", want, got)
			}
			expectInert(t, b, secret)

			// The sign-in page says who is there at present.
			b.open(t, signInPage)
			if got := b.text(t, ".note b"); got != name {
				t.Errorf("expected the sign-in page to show %q, got %q", name, got)
			}
			expectInert(t, b, secret)
			b.open(t, "/public")
			expectInert(t, b, secret)
			if os.Getenv("HOME") != secret {
				t.Error("expected HOME to be the one that must not be shown")
			}
		})
	}
}

// expectInert checks that nothing of what was typed ran, in the page or in what
// made it.
func expectInert(t *testing.T, b *tab, secret string) {
	t.Helper()
	page := run(t, b, "reading the page", chromedp.OuterHTML(chromedp.CSS("html")))
	if strings.Contains(page, secret) {
		t.Error("the page shows the value of HOME")
	}
	if n := evaluate[int](t, b, `document.querySelectorAll('script, img').length`); n != 0 {
		t.Errorf("expected no element out of what was typed, got %d", n)
	}
	if title := run(t, b, "reading the title", chromedp.Title()); title == "ran" {
		t.Error("a script ran that was typed as a name")
	}
	if exceptions := b.seenExceptions(); len(exceptions) > 0 {
		t.Errorf("a script was tried: %q", exceptions)
	}
}

// TestPending is about someone who has something left to do.
func TestPending(t *testing.T) {
	origin := startSite(t, siteOptions{})
	b := openTab(t, startBrowser(t, ""), origin)
	b.open(t, "/")
	signIn(t, b, "dave")
	b.at(t, tasksPage)
	b.open(t, "/public")
	if got := facts(t, b); got["User"] != "nobody" {
		t.Errorf("a pending session on a public page: expected nobody, got %q", got)
	}
	if status := evaluate[int](t, b, `fetch('/whoami').then(r => r.status)`); status != 401 {
		t.Errorf("a pending session at the gate: expected status 401, got %d", status)
	}
	b.open(t, "/")
	b.at(t, tasksPage)
	b.click(t, `form[action="/__clerk/sign-in/tasks"] button`)
	expectMember(t, b, "Dave Dixon", "user_dave", "acme", "org:member")
}

// TestTwoPeople has two browsers ask at once, again and again.
func TestTwoPeople(t *testing.T) {
	origin := startSite(t, siteOptions{})
	browser := startBrowser(t, "")
	alice, bob := openTab(t, browser, origin), openTab(t, browser, origin)
	for _, who := range []struct {
		tab  *tab
		user string
	}{{alice, "alice"}, {bob, "bob"}} {
		who.tab.open(t, "/")
		who.tab.at(t, signInPage)
		signIn(t, who.tab, who.user)
	}
	for range 2 {
		expectMember(t, alice, "Alice Adams", "user_alice", "acme", "org:admin")
		expectMember(t, bob, "Bob Baker", "user_bob", "acme", "org:member")
		alice.open(t, "/")
		bob.open(t, "/")
	}

	// Both ask while the other does, and what reached the application counts too.
	const ask = `Promise.all([...Array(100).keys()].map(i => i % 2
		? fetch('/whoami').then(r => r.json()).then(who => who.user_id)
		: fetch('/upstream').then(r => r.text()).then(text => /^X-Clerk-User-Id: (.*)$/m.exec(text)[1]),
	)).then(all => [...new Set(all)])`
	answers := make(chan []string)
	go func() {
		ids, err := chromedp.Run(bob.ctx, chromedp.Evaluate[[]string](ask, chromedp.EvalAwaitPromise))
		if err != nil {
			ids = []string{err.Error()}
		}
		answers <- ids
	}()
	if got := evaluate[[]string](t, alice, ask); !slices.Equal(got, []string{"user_alice"}) {
		t.Errorf("alice was taken for %q", got)
	}
	if got := <-answers; !slices.Equal(got, []string{"user_bob"}) {
		t.Errorf("bob was taken for %q", got)
	}
}

// maxRedirects is how many redirects a navigation takes in the worst case: out
// to a handshake, back, to the clean address, and on to the sign-in page.
const maxRedirects = 4

// TestRedirectsEnd looks for a way to send a browser round in circles.
func TestRedirectsEnd(t *testing.T) {
	expectEnd := func(t *testing.T, b *tab, path string) {
		t.Helper()
		redirects := b.open(t, path)
		if len(redirects) > maxRedirects {
			t.Errorf("opening %s: expected %d redirects or fewer, got %d: %q", path, maxRedirects, len(redirects), redirects)
		}
	}
	for _, instance := range []string{"development", "production"} {
		t.Run(instance, func(t *testing.T) {
			production := instance == "production"
			origin := startSite(t, siteOptions{production: production})

			t.Run("without cookies", func(t *testing.T) {
				b := newTab(t, startBrowser(t, profileWithoutCookies(t)), origin)
				expectEnd(t, b, signInPage)
				if got := evaluate[string](t, b, `document.cookie = 'kept=1', document.cookie`); got != "" {
					t.Fatalf("expected a browser that keeps no cookies, got one that keeps %q", got)
				}
				if !production {
					// A development instance knows a browser by its cookies, and
					// what counts its handshakes is a cookie too, as with Clerk's
					// own SDKs. There is no end to look for without any.
					return
				}
				expectEnd(t, b, "/public")
				b.at(t, "/public")
				expectEnd(t, b, "/")
				signIn(t, b, "alice")
				b.at(t, signInPage)
			})

			t.Run("without some of the cookies", func(t *testing.T) {
				b := openTab(t, startBrowser(t, ""), origin)
				again := func() []string {
					t.Helper()
					// A person is slower than this: the count of handshakes in a
					// row has run out before they do the next thing.
					b.deleteCookie(t, "__clerk_redirect_count")
					b.open(t, signInPage)
					signIn(t, b, "alice")
					expectMember(t, b, "Alice Adams", "user_alice", "acme", "org:admin")
					b.deleteCookie(t, "__clerk_redirect_count")
					return slices.Sorted(maps.Keys(b.cookies(t)))
				}
				names := again()
				// One of them, one with its twin, all of them.
				for _, lost := range append(names, "__session*", "__client_uat*", "__client*", "__clerk_db_jwt*", "*") {
					start, several := strings.CutSuffix(lost, "*")
					for _, name := range names {
						if name == lost || several && strings.HasPrefix(name, start) {
							b.deleteCookie(t, name)
						}
					}
					expectEnd(t, b, "/")
					t.Logf("without %s: %d redirects to %q", lost, len(b.seenRedirects()), run(t, b, "reading the title", chromedp.Title()))
					if lost == "*" {
						b.at(t, signInPage)
					}
					again()
				}
			})
		})
	}
}
