// SPDX-License-Identifier: Apache-2.0

package headerfield

import "testing"

func TestNames(t *testing.T) {
	const (
		noName = "expected a header's name, of letters, digits and dashes, such as X-User-Id, got "
		taken  = " has a meaning of its own, and would be taken out of every request; choose another name, such as X-User-Id"
	)
	for name, want := range map[string]string{
		"X-User-Id":       "",
		"x_user.id":       "",
		"X-WEBAUTH-USER":  "",
		"Remote-User":     "",
		"Contents":        "",
		"":                noName + `""`,
		":authority":      noName + `":authority"`,
		"X User":          noName + `"X User"`,
		"X-User:":         noName + `"X-User:"`,
		"X-\r\nB":         noName + `"X-\r\nB"`,
		"X-Üser":          noName + `"X-Üser"`,
		"Host":            "Host" + taken,
		"keep.alive":      "keep.alive" + taken,
		"X_FORWARDED_FO":  "",
		"X_FORWARDED_FOR": "X_FORWARDED_FOR" + taken,
		"content_type":    "content_type" + taken,
		"Sec-Anything":    "Sec-Anything" + taken,
	} {
		expectError(t, name, CheckName(name), want)
	}
}

func TestPrefixes(t *testing.T) {
	noPrefix := func(got string) string {
		return "expected a prefix that ends in a dash, such as X-Auth-, got " + got
	}
	begins := func(prefix, name string) string {
		return prefix + " also begins " + name + ", which has a meaning of its own, and would be taken out of every request; choose another prefix, such as X-Auth-"
	}
	for prefix, want := range map[string]string{
		"X-Auth-":    "",
		"x_auth-":    "",
		"X-Clerk-":   "",
		"":           noPrefix(`""`),
		"--":         noPrefix(`"--"`),
		"X-Auth":     noPrefix(`"X-Auth"`),
		"X_Auth_":    noPrefix(`"X_Auth_"`),
		"X Auth-":    noPrefix(`"X Auth-"`),
		"X-\n-":      noPrefix(`"X-\n-"`),
		"X-":         begins("X-", "X-Forwarded-For"),
		"x_real-":    begins("x_real-", "X-Real-Ip"),
		"Sec-":       begins("Sec-", "Sec-*"),
		"SEC_FETCH-": begins("SEC_FETCH-", "Sec-*"),
		"Access-":    begins("Access-", "Access-Control-*"),
		"Keep-":      begins("Keep-", "Keep-Alive"),
	} {
		expectError(t, prefix, CheckPrefix(prefix), want)
	}
}

func expectError(t *testing.T, of string, err error, want string) {
	t.Helper()
	var got string
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("%q: expected %q, got %q", of, want, got)
	}
}
