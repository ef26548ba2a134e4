// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func permissionsOf(t *testing.T, fea, per, fpm string) []string {
	t.Helper()
	claims := claimsOf(t, members{"v": 2, "fea": fea, "o": members{"id": "org_1", "per": per, "fpm": fpm}})
	return claims.Organization.Permissions
}

func TestPermissionsAreDecodedFromMasks(t *testing.T) {
	for name, test := range map[string]struct {
		fea, per, fpm string
		want          string
	}{
		"the documentation's example": {
			"o:dashboard,o:teams", "manage,read", "3,2",
			"org:dashboard:manage org:dashboard:read org:teams:read",
		},
		"features of both the organization and the user": {
			"o:repositories,uo:projects,u:goldprofileborder", "read,create,update,delete,revoke", "7,21,0",
			"org:repositories:read org:repositories:create org:repositories:update org:projects:read org:projects:update org:projects:revoke",
		},
		"the user's feature first, with a mask": {
			"u:gold,o:dashboard,o:teams", "manage,read", "0,3,2",
			"org:dashboard:manage org:dashboard:read org:teams:read",
		},
		"the user's feature first, without a mask": {
			"u:gold,o:dashboard,o:teams", "manage,read", "3,2",
			"org:dashboard:manage org:dashboard:read org:teams:read",
		},
		"a mask for the user's feature grants nothing": {
			"u:gold,o:dashboard", "manage,read", "3,1",
			"org:dashboard:manage",
		},
		"both orders of the double scope": {"ou:a,uo:b", "read", "1,1", "org:a:read org:b:read"},
		"spaces everywhere":               {" o:a , o:b ", " manage , read ", " 3 , 2 ", "org:a:manage org:a:read org:b:read"},
		"more bits than names":            {"o:a", "read", "4294967295", "org:a:read"},
		"only bits beyond the names":      {"o:a", "read", "2", ""},
		"fewer masks than features":       {"o:a,o:b,o:c", "read", "1,1", "org:a:read org:b:read"},
		"more masks than features":        {"o:a", "read", "1,1,1", "org:a:read"},
		"zero":                            {"o:a", "read", "0", ""},
		"leading zeros":                   {"o:a", "manage,read", "0002", "org:a:read"},
		"an unknown scope":                {"x:a,o:b", "read", "1,1", "org:b:read"},
		"a scope in another case":         {"O:a,o:b", "read", "1,1", "org:b:read"},
		"a feature without scope holds its place": {
			"a,o:b", "manage,read", "3,2", "org:b:read",
		},
		"no features":    {"", "read", "1", ""},
		"no names":       {"o:a", "", "1", ""},
		"no masks":       {"o:a", "read", "", ""},
		"an empty mask":  {"o:a,o:b", "read", ",1", "org:b:read"},
		"a name with :":  {"o:a:b", "read", "1", "org:a:b:read"},
		"more than 64":   {"o:a", numbered(100), bit(99), "org:a:p99"},
		"all of a 100":   {"o:a", numbered(100), allBits(100), granted(100)},
		"2 to the 53, 1": {"o:a", numbered(54), plus(bit(53), 1), "org:a:p0 org:a:p53"},
		"2 to the 54":    {"o:a", numbered(55), bit(54), "org:a:p54"},
		"2 to the 63":    {"o:a", numbered(64), bit(63), "org:a:p63"},
	} {
		t.Run(name, func(t *testing.T) {
			got := permissionsOf(t, test.fea, test.per, test.fpm)
			if want := strings.Fields(test.want); !slices.Equal(got, want) {
				t.Errorf("expected %q, got %q", want, got)
			}
		})
	}
}

// Whatever a lenient number parser would make of these, nothing may be
// granted by them, and the feature beside must keep its own.
func TestAnUnreadableMaskCostsOnlyItsFeature(t *testing.T) {
	for _, mask := range []string{"x", "0x3", "-1", "+1", "1_0", "1.0", "1e1", "٣", "3 3", "NaN", "null"} {
		t.Run(mask, func(t *testing.T) {
			got := permissionsOf(t, "o:a,o:b", "manage,read", mask+",2")
			if want := []string{"org:b:read"}; !slices.Equal(got, want) {
				t.Errorf("expected %q, got %q", want, got)
			}
		})
	}
}

func TestMembersOfAnotherTypeGrantNothing(t *testing.T) {
	for name, o := range map[string]members{
		"masks as a list":   {"per": "read", "fpm": []int{1}},
		"masks as a number": {"per": "read", "fpm": 1},
		"names as a list":   {"per": []string{"read"}, "fpm": "1"},
		"null":              {"per": nil, "fpm": nil},
	} {
		t.Run(name, func(t *testing.T) {
			claims := claimsOf(t, members{"v": 2, "fea": "o:a", "o": o.with(members{"id": "org_1"})})
			if got := claims.Organization.Permissions; len(got) != 0 {
				t.Errorf("expected none, got %q", got)
			}
		})
	}
}

// A mask as long as a token can carry must cost no noticeable time.
func TestAMaskMayBeThousandsOfDigitsLong(t *testing.T) {
	got := permissionsOf(t, "o:a", "manage,read", strings.Repeat("9", 8000))
	if want := []string{"org:a:manage", "org:a:read"}; !slices.Equal(got, want) {
		t.Errorf("expected %q, got %q", want, got)
	}
}

// numbered gives n names, p0 to p(n-1).
func numbered(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "p" + strconv.Itoa(i)
	}
	return strings.Join(names, ",")
}

func granted(n int) string {
	return "org:a:" + strings.ReplaceAll(numbered(n), ",", " org:a:")
}

func bit(n uint) string { return new(big.Int).Lsh(big.NewInt(1), n).String() }

func allBits(n uint) string { return plus(bit(n), -1) }

func plus(number string, n int64) string {
	sum, _ := new(big.Int).SetString(number, 10)
	return sum.Add(sum, big.NewInt(n)).String()
}
