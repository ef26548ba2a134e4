// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// shortestSecret is the length in bytes from which on something is a secret.
// Were less hidden, whoever sent it could garble Clerk's codes with it.
const shortestSecret = 8

// secrets are what a request holds and no error may hold. Servers and proxies
// are known to repeat what they were sent.
type secrets []string

// behind sorts what a client sent behind our own keys. One after the other is
// then taken out of a text, so that a client that sends what surrounds a key,
// or its beginning, does not tear the key apart and save the rest of it.
func (s secrets) behind(keys ...string) secrets {
	longestFirst := slices.SortedFunc(slices.Values(s), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return append(slices.Clone(keys), longestFirst...)
}

// hider makes what takes the secrets out of texts, in each form that they were
// sent in.
func (s secrets) hider() func(string) string {
	var forms []string
	for _, secret := range s {
		if len(secret) < shortestSecret {
			continue
		}
		forms = append(forms, slices.Compact([]string{secret, url.QueryEscape(secret), jsonEscape(secret)})...)
	}
	return func(text string) string {
		for _, form := range forms {
			text = strings.ReplaceAll(text, form, "[hidden]")
		}
		return text
	}
}

// jsonEscape gives a text as it stands in JSON, between the quotes.
func jsonEscape(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		return text
	}
	return string(quoted[1 : len(quoted)-1])
}

// secretMembers are the members of what is sent that hold secrets.
var secretMembers = map[string]bool{
	"access_token":    true,
	"backup_codes":    true,
	"client_secret":   true,
	"code":            true,
	"password":        true,
	"password_digest": true,
	"secret":          true,
	"signing_key":     true,
	"token":           true,
	"totp_secret":     true,
}

// secretsIn finds the secrets in a JSON document. One of another form has none.
func secretsIn(body []byte) (found secrets) {
	var document any
	if json.Unmarshal(body, &document) != nil {
		return nil
	}
	var search func(value any, secret bool)
	search = func(value any, secret bool) {
		switch value := value.(type) {
		case string:
			if secret {
				found = append(found, value)
			}
		case []any:
			for _, element := range value {
				search(element, secret)
			}
		case map[string]any:
			for name, member := range value {
				search(member, secret || secretMembers[name])
			}
		}
	}
	search(document, false)
	return found
}
