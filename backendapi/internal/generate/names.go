// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"unicode"
)

// initialisms are the words that Go writes in a way of their own.
var initialisms = map[string]string{
	"acs": "ACS", "api": "API", "cname": "CNAME", "hibp": "HIBP", "id": "ID", "ids": "IDs", "idp": "IDP", "ios": "IOS", "ip": "IP", "it": "IT", "jit": "JIT",
	"js": "JS", "jwt": "JWT", "m2m": "M2M", "mfa": "MFA", "oauth": "OAuth", "oidc": "OIDC", "otp": "OTP", "pkce": "PKCE", "saml": "SAML",
	"scim": "SCIM", "sms": "SMS", "sp": "SP", "sso": "SSO", "totp": "TOTP", "ttl": "TTL", "uri": "URI", "uris": "URIs", "url": "URL", "urls": "URLs",
}

// goName gives the exported Go name for one such as "user_id".
func goName(name string) string {
	var b strings.Builder
	for _, word := range splitName(name) {
		if known, ok := initialisms[strings.ToLower(word)]; ok {
			b.WriteString(known)
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// goVariable gives the name of a variable for one such as "user_id".
func goVariable(name string) string {
	words := splitName(name)
	words[0] = strings.ToLower(words[0])
	return words[0] + goName(strings.Join(words[1:], "_"))
}

// splitName splits at all that is no letter or digit, and where a small letter
// comes before a capital.
func splitName(name string) []string {
	var words []string
	word := make([]rune, 0, len(name))
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word))
		}
		word = word[:0]
	}
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && len(word) > 0 && unicode.IsLower(word[len(word)-1]):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return words
}

// englishWords gives what a Go name such as "OAuthAccessTokens" says.
func englishWords(name string) string {
	var words []string
	for rest := name; rest != ""; {
		word := nextWord(rest)
		rest = rest[len(word):]
		if _, known := properWords[word]; !known {
			word = strings.ToLower(word)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// properWords are those that English does not write in small letters.
var properWords = func() map[string]bool {
	all := map[string]bool{"Svix": true, "Web3": true, "SCIMs": true}
	for _, word := range initialisms {
		all[word] = true
	}
	return all
}()

// nextWord gives the first word of a Go name.
func nextWord(name string) string {
	longest := ""
	for word := range properWords {
		if strings.HasPrefix(name, word) && len(word) > len(longest) && !startsSmall(name[len(word):]) {
			longest = word
		}
	}
	if longest != "" {
		return longest
	}
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			return name[:i]
		}
	}
	return name
}

// joinNames gives the Go name for what another has, and does not say a word
// twice: what an M2MToken has as TokenFormat is an M2MTokenFormat.
func joinNames(of, name string) string {
	last := ""
	for rest := of; rest != ""; rest = rest[len(last):] {
		last = nextWord(rest)
	}
	if rest, ok := strings.CutPrefix(name, last); ok && rest != "" && !startsSmall(rest) {
		return of + rest
	}
	return of + name
}

func startsSmall(text string) bool { return text != "" && unicode.IsLower(rune(text[0])) }

// anA gives a noun with its article.
func anA(noun string) string {
	first, _, _ := strings.Cut(noun, " ")
	switch {
	case first == "user" || first == "URL":
		return "a " + noun
	case first == "M2M" || first == "SMS" || first == "MFA" || strings.ContainsRune("aeiouAEIO", rune(noun[0])):
		return "an " + noun
	default:
		return "a " + noun
	}
}

// tagSlug gives the part of an address in Clerk's reference that is for a tag.
func tagSlug(tag string) string {
	words := strings.FieldsFunc(strings.ToLower(tag), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-")
}
