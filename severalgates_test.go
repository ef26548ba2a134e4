// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// layouts are the ways in which two gates come to meet a request for /admin/x,
// of which {{site}} is for the whole site and {{admin}} for /admin/*. Behind
// them is {{behind}}.
var layouts = map[string]string{
	"the whole site first": `
		clerk_auth {
			{{site}}
		}
		clerk_auth /admin/* {
			{{admin}}
		}
		{{behind}}`,
	"the whole site last": `
		clerk_auth /admin/* {
			{{admin}}
		}
		clerk_auth {
			{{site}}
		}
		{{behind}}`,
	"by names": `
		@admin path /admin/*
		@site not path /public/*
		clerk_auth @site {
			{{site}}
		}
		clerk_auth @admin {
			{{admin}}
		}
		{{behind}}`,
	"one in a handle": `
		handle /admin/* {
			clerk_auth {
				{{admin}}
			}
			{{behind}}
		}
		handle {
			{{behind}}
		}
		clerk_auth {
			{{site}}
		}`,
	"one in a handle_path": `
		clerk_auth {
			{{site}}
		}
		handle_path /admin/* {
			clerk_auth {
				{{admin}}
			}
			{{behind}}
		}
		{{behind}}`,
	"both in a handle": `
		handle {
			handle /admin/* {
				clerk_auth {
					{{admin}}
				}
				{{behind}}
			}
			clerk_auth {
				{{site}}
			}
			{{behind}}
		}`,
	"in a route": `
		route {
			clerk_auth {
				{{site}}
			}
			clerk_auth /admin/* {
				{{admin}}
			}
			{{behind}}
		}`,
	"in a route, turned round": `
		route {
			clerk_auth /admin/* {
				{{admin}}
			}
			clerk_auth {
				{{site}}
			}
			{{behind}}
		}`,
	"in routes of their own": `
		route {
			clerk_auth {
				{{site}}
			}
		}
		route /admin/* {
			clerk_auth {
				{{admin}}
			}
		}
		{{behind}}`,
}

// laidOut gives a layout with its gates and what is behind them.
func laidOut(layout, site, admin, behind string) string {
	return strings.NewReplacer("{{site}}", site, "{{admin}}", admin, "{{behind}}", behind).Replace(layout)
}

// authentications counts how often gates ask who a request for a path comes
// from. It sends an API key that Clerk gives no answer to, which is asked about
// anew each time.
func (b *backend) authentications(s *site, path string) int {
	b.calls("api_keys")
	s.get(path, "Authorization", "Bearer ak_page")
	return b.calls("api_keys")
}

// TestGatesThatAgreeAuthenticateOnce holds for every layout that two gates ask
// once who is there when they agree on what a token must be, and otherwise
// twice.
func TestGatesThatAgreeAuthenticateOnce(t *testing.T) {
	b := startBackend(t)
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			withoutEnvironment(t)
			s := serve(t, "", "respond empty")
			for i, test := range []struct {
				name, site, admin string
				want              int
			}{
				{"the same settings", "", "", 1},
				{"other pages", "sign_in_url /a\nsign_up_url /b", "sign_in_url /c", 1},
				{"the same in another order", "audience a b\nissuer https://a.example https://b.example", "audience b a\nissuer https://b.example https://a.example", 1},
				{"another audience", "audience a", "audience b", 2},
				{"another origin", "authorized_parties https://a.example", "", 2},
				{"another skew", "", "clock_skew 1s", 2},
				{"other tokens", "", "accepts_token api_key", 2},
			} {
				accepts := func(settings string) string {
					if !strings.Contains(settings, "accepts_token") {
						settings += "\naccepts_token any"
					}
					return "optional\n" + settings
				}
				// Each case has an instance of its own, whose calls have not failed
				// so often that no more are made.
				own := "\nkeys_max_stale " + strconv.Itoa(i+1) + "h"
				if err := s.load("clerk {\n"+b.settings(t)+own+"\n}", laidOut(layout, accepts(test.site), accepts(test.admin), "respond in")); err != nil {
					t.Fatal(err)
				}
				if got := b.authentications(s, "/admin/x"); got != test.want {
					t.Errorf("%s: expected %d authentications, got %d", test.name, test.want, got)
				}
				if got := b.authentications(s, "/x"); got != 1 {
					t.Errorf("%s: expected one gate elsewhere, got %d authentications", test.name, got)
				}
			}
		})
	}
}

// TestEveryGateOfALayoutDecides has strict and optional gates in all layouts:
// whoever has to be signed in at either of them has to be.
func TestEveryGateOfALayoutDecides(t *testing.T) {
	b := startBackend(t)
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "", "respond empty")
			application := "reverse_proxy " + echo(t) + " {\nheader_up X-User {http.clerk.user_id}\n}"
			for _, test := range []struct {
				name, site, admin string
				site401, admin401 bool
			}{
				{"both strict", "", "", true, true},
				{"strict for some", "optional", "", false, true},
				{"strict for all", "", "optional", true, true},
				{"both optional", "optional", "optional", false, false},
				{"strict for some by other settings", "optional", "clock_skew 1s", false, true},
				{"strict for all by other settings", "clock_skew 1s", "optional", true, true},
			} {
				if err := s.load("clerk {\n"+b.settings(t)+"\n}", laidOut(layout, test.site, test.admin, application)); err != nil {
					t.Fatal(err)
				}
				token := append(b.bearer(t, "alice", ""), "X-Clerk-User-Id", "forged", "X_Clerk_User_Id", "forged")
				for path, refused := range map[string]bool{"/x": test.site401, "/admin/x": test.admin401} {
					in := s.get(path, token...)
					in.expect(t, http.StatusOK, "X-Clerk-Auth-Status", "")
					if !strings.Contains(in.body, "X-User: [user_alice]") || strings.Contains(in.body, "forged") {
						t.Errorf("%s, %s: expected alice and nothing forged, got %s", test.name, path, in.body)
					}
					out := s.get(path, "X-Clerk-User-Id", "forged")
					if got := out.StatusCode == http.StatusUnauthorized; got != refused || strings.Contains(out.body, "forged") {
						t.Errorf("%s, %s: expected a refusal: %t, got %d %s", test.name, path, refused, out.StatusCode, out.body)
					}
					for header, values := range out.Header {
						if len(values) > 1 {
							t.Errorf("%s, %s: expected one line of %s, got %q", test.name, path, header, values)
						}
					}
				}
			}
		})
	}
}

// bearer gives the headers of a program that sends a user's token.
func (b *backend) bearer(t *testing.T, user, azp string) []string {
	t.Helper()
	token, err := b.Token(user, azp)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + token}
}

// TestTheLastOfTheGatesThatDisagreeSaysWhoItIs has gates of two instances, and
// a person with a session at each.
func TestTheLastOfTheGatesThatDisagreeSaysWhoItIs(t *testing.T) {
	one, other := startBackend(t), startBackend(t)
	alice, bob := one.bearer(t, "alice", ""), other.bearer(t, "bob", "")
	s := serve(t, "", "respond empty")
	for name, test := range map[string]struct {
		first, second string
		headers       []string
		want          string
	}{
		"known to the second alone": {one.settings(t), other.settings(t), bob, "[signed-in] [user_bob] []"},
		"known to the first alone":  {one.settings(t), other.settings(t), alice, "[signed-out] [] [token-invalid-signature]"},
		"the other way round":       {other.settings(t), one.settings(t), alice, "[signed-in] [user_alice] []"},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.load("", "route {\nclerk_auth {\noptional\n"+test.first+"\n}\nclerk_auth {\noptional\n"+test.second+"\n}\n}\n"+
				`respond "[{http.clerk.status}] [{http.auth.user.id}] [{http.clerk.reason}]"`)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.get("/", test.headers...).body; got != test.want {
				t.Errorf("expected %q, got %q", test.want, got)
			}
		})
	}
}

// TestHeadersAreRemovedOnceAndBeforeTheFirstGate lets a header of the site's
// own, set between two gates, reach the application, and none of a client's.
func TestHeadersAreRemovedOnceAndBeforeTheFirstGate(t *testing.T) {
	b := startBackend(t)
	for name, second := range map[string]string{
		"a gate": "clerk_auth", "a gate that disagrees": "clerk_auth {\nclock_skew 1s\n}", "a gate under a matcher": "clerk_auth /x",
		"a gate that the request does not meet": "clerk_auth /y",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "clerk {\n"+b.settings(t)+"\n}", "route {\nclerk_auth /*\nrequest_header X-Clerk-Team ops\n"+second+"\nreverse_proxy "+echo(t)+"\n}")
			a := s.get("/x", append(b.bearer(t, "alice", ""), "X-Clerk-Team", "forged", "X-Clerk-Role", "forged")...)
			a.expect(t, http.StatusOK)
			if !strings.Contains(a.body, "X-Clerk-Team: [ops]") || strings.Contains(a.body, "forged") {
				t.Errorf("expected the header of the site alone, got %s", a.body)
			}
		})
	}
}

// TestTheFirstGateAnswers holds which of two gates that refuse has the word:
// outside of route the more specific one, inside of it the first.
func TestTheFirstGateAnswers(t *testing.T) {
	b := startBackend(t)
	for name, want := range map[string]int{
		"the whole site first": 404, "the whole site last": 404, "by names": 410, "one in a handle": 410, "one in a handle_path": 410,
		"both in a handle": 410, "in a route": 410, "in a route, turned round": 404, "in routes of their own": 404,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "clerk {\n"+b.settings(t)+"\n}", laidOut(layouts[name], "signed_out 410", "signed_out 404", "respond in"))
			s.get("/admin/x", document...).expect(t, want)
			s.get("/x", document...).expect(t, http.StatusGone)
		})
	}
}
