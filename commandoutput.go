// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// keyPattern finds Clerk's secret keys in a text, with how they begin.
var keyPattern = regexp.MustCompile(`\b(sk_test_|sk_live_|ak_)[A-Za-z0-9+/=_-]+`)

// hideKeys leaves of every secret key in a text what it begins with.
func hideKeys(text string) string { return keyPattern.ReplaceAllString(text, "$1…") }

// hiddenSecrets are what no output may contain, whatever it comes from.
type hiddenSecrets []string

// shortestHidden is the length in bytes from which on something is a secret.
const shortestHidden = 8

// secrets collects what the gates and the proxies know that nobody else should.
func (c *configured) secrets() hiddenSecrets {
	all := slices.Clone(c.gates)
	for _, p := range c.proxies {
		all = append(all, p.keys())
	}
	return secretsOf(all)
}

// secretsOf collects what gates know that nobody else should.
func secretsOf(gates []configuredGate) hiddenSecrets {
	var all hiddenSecrets
	repl := caddy.NewReplacer()
	for _, g := range gates {
		for _, l := range g.layers() {
			for _, setting := range []string{l.settings.SecretKey, l.settings.MachineSecretKey} {
				secret := strings.TrimSpace(repl.ReplaceKnown(setting, ""))
				// What could not be replaced is a name, and no secret.
				if len(secret) >= shortestHidden && !strings.HasPrefix(secret, "{") {
					all = append(all, secret)
				}
			}
		}
	}
	return all
}

// hide takes secrets out of a text, in the forms that they have in JSON as well.
func (h hiddenSecrets) hide(text string) string {
	for _, secret := range h {
		for _, form := range []string{secret, inJSON(secret)} {
			text = strings.ReplaceAll(text, form, secretPrefix(secret)+"…")
		}
	}
	return hideKeys(text)
}

func inJSON(text string) string {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(text) != nil {
		return text
	}
	return strings.Trim(strings.TrimSpace(quoted.String()), `"`)
}

// secretPrefix is how a secret key begins, which tells no more than what it is
// for.
func secretPrefix(secret string) string {
	for prefix := range secretKeyKinds {
		if strings.HasPrefix(secret, prefix) {
			return prefix
		}
	}
	if strings.HasPrefix(secret, "ak_") {
		return "ak_"
	}
	return ""
}

// print writes a text without the secrets.
func (c *console) print(h hiddenSecrets, text string) error {
	_, err := fmt.Fprint(c.out, h.hide(text))
	return err
}

// printJSON writes a value for programs.
func (c *console) printJSON(h hiddenSecrets, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	return c.print(h, text.String())
}

// The colors of results (ECMA-48, section 8.3.117).
var resultColors = map[string]string{
	"ok": "32", "failed": "1;31", "warning": "33", "off": "2", "skipped": "2",
}

// result writes how a check ended, in a column.
func (c *console) result(result string) string {
	return c.color(resultColors[result], fmt.Sprintf("%-8s", result))
}

func (c *console) bold(text string) string { return c.color("1", text) }

func (c *console) color(code, text string) string {
	if !c.colors || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// oneLine keeps what comes from a file or from the network from acting on a
// terminal.
func oneLine(text string) string {
	var line strings.Builder
	for _, r := range text {
		if strconv.IsPrint(r) {
			line.WriteRune(r)
			continue
		}
		escaped := strconv.QuoteRuneToASCII(r)
		line.WriteString(escaped[1 : len(escaped)-1])
	}
	return line.String()
}

// shortened is how many bytes of an argument a mistake repeats: it may be a
// token in the wrong place.
const shortened = 16

func shorten(text string) string {
	if len(text) <= shortened {
		return text
	}
	return text[:shortened] + "…"
}
