// SPDX-License-Identifier: Apache-2.0

package headerfield

import (
	"strings"
	"testing"
)

func TestOwnedNamesAreCoveredInAllSpellings(t *testing.T) {
	name, prefix := OwnedName("X-Webauth-User"), OwnedPrefix("X-Webauth-")
	for field, want := range map[string]struct{ byName, byPrefix bool }{
		"X-Webauth-User":    {true, true},
		"x_webauth.USER":    {true, true},
		"X~Webauth!User":    {true, true},
		"X-Webauth-User-Id": {false, true},
		"X-Webauth-Use":     {false, true},
		"X-Webauth-":        {false, true},
		"X-Webauth":         {false, false},
		"X-WebauthUser":     {false, false},
		"XX-Webauth-User":   {false, false},
		"":                  {false, false},
	} {
		if got := name.Covers(field); got != want.byName {
			t.Errorf("%q by its name: expected %v, got %v", field, want.byName, got)
		}
		if got := prefix.Covers(field); got != want.byPrefix {
			t.Errorf("%q by its prefix: expected %v, got %v", field, want.byPrefix, got)
		}
		if got := IsOwned([]Owned{name, prefix}, field); got != (want.byName || want.byPrefix) {
			t.Errorf("%q by both: got %v", field, got)
		}
	}
	if IsOwned(nil, "X-Webauth-User") {
		t.Error("expected nothing to be owned")
	}
}

func TestOwnedNamesAreEqualWhenTheyCoverTheSame(t *testing.T) {
	for _, other := range []Owned{OwnedName("x_auth."), OwnedName("X-Auth-")} {
		if OwnedName("X-Auth-") != other || OwnedPrefix("X-Auth-") == other {
			t.Errorf("got %+v", other)
		}
	}
	if OwnedPrefix("X-Auth-") != OwnedPrefix("x_AUTH-") {
		t.Error("expected the spelling of a prefix not to count")
	}
}

// FuzzOwnedHeaders has every spelling of a name be covered, and no other name.
func FuzzOwnedHeaders(f *testing.F) {
	for _, name := range []string{"X-Webauth-User", "x_webauth.user", "X-Webauth-User-Id", "X-WebauthUser", "", "é"} {
		f.Add(name)
	}
	one := OwnedName("X-Webauth-User")
	family := OwnedPrefix("X-Webauth-")
	f.Fuzz(func(t *testing.T, name string) {
		// As CGI makes a variable of it.
		variable := []byte(strings.ToUpper(name))
		for i, c := range variable {
			if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
				variable[i] = '_'
			}
		}
		if got := string(variable) == "X_WEBAUTH_USER"; got && !one.Covers(name) || !got && isASCII(name) && one.Covers(name) {
			t.Errorf("%q is %s, covered: %v", name, variable, !got)
		}
		if got := strings.HasPrefix(string(variable), "X_WEBAUTH_"); got && !family.Covers(name) {
			t.Errorf("%q is %s, and not covered", name, variable)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c > '~' }) < 0
}
