// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// TestThePageOfTheCommandsIsTrue runs what docs/commands.md has behind its
// prompts, and holds what is printed against the page.
func TestThePageOfTheCommandsIsTrue(t *testing.T) {
	const page = "docs/commands.md"
	before := read(t, page)
	faultsTable := tabulate(t)
	w, own, other := newWorld(t)
	_, rest, _ := strings.Cut(before, "```caddyfile\n")
	caddyfile, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("expected a Caddyfile")
	}
	good := tokenOf(t, own)
	p := &prompt{t: t, w: w, variables: map[string]string{
		"GOOD":             good,
		"EXPIRED":          tokenOf(t, own, emulator.IssuedAt(noon.Add(-252*time.Second))),
		"FOREIGN":          tokenOf(t, other),
		"TAMPERED":         tampered(t, good, own),
		"OTHER_SECRET_KEY": otherSecret,
		"?":                "$?",
	}}
	prepare(t, caddyfile, own)
	after := console.ReplaceAllStringFunc(before, func(block string) string {
		var answered strings.Builder
		answered.WriteString("```console\n")
		for line := range strings.Lines(block) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				answered.WriteString(line + withNames(p.run(strings.TrimSpace(command)), own, other))
			}
		}
		return answered.String() + "```\n"
	})
	after = faultsOnPage.ReplaceAllLiteralString(after, "<!-- faults -->\n"+faultsTable+"<!-- end of faults -->\n")
	if found := secretsIn(after, good, p.variables["EXPIRED"], p.variables["FOREIGN"]); found != nil {
		t.Errorf("expected no secrets on the page, got %q", found)
	}
	if after == before {
		return
	}
	if !*update {
		t.Fatalf("expected\n%s\ngot\n%s", before, after)
	}
	if err := os.WriteFile(repository+"/"+page, []byte(after), 0o600); err != nil {
		t.Fatal(err)
	}
}

var faultsOnPage = regexp.MustCompile(`(?s)<!-- faults -->\n.*<!-- end of faults -->\n`)

// tabulate gives what doctor says of each fault, as a table.
func tabulate(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| what is wrong | what `doctor` finds | what it says to do |\n|---|---|---|\n")
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			_, d := f.plantAndExamine(t)
			for _, check := range d.Gates[0].Checks {
				if check.Name == f.check && check.Result == f.result {
					fmt.Fprintf(&table, "| %s | %s, %s: %s | %s |\n", f.name, check.Name, check.Result, check.Finding, check.Remedy)
				}
			}
		})
	}
	return strings.NewReplacer("<", "&lt;").Replace(table.String())
}

// prompt is a shell that knows as much as the page needs.
type prompt struct {
	t         *testing.T
	w         *world
	variables map[string]string
}

// run does what a line does: variables before the command, standard input from
// a string, the exit status, and the queries of jq that are answered below.
func (p *prompt) run(line string) string {
	p.t.Helper()
	line, status := strings.CutSuffix(line, "; echo $?")
	line, query, piped := strings.Cut(line, " | jq -r ")
	terminal := p.w.terminal()
	var args []string
	words := shellWords(line, p.variables)
	for i := 0; i < len(words); i++ {
		name, value, assigns := strings.Cut(words[i], "=")
		switch {
		case words[i] == "<<<":
			i++
			terminal.In = words[i]
		case assigns && len(args) == 0:
			old := os.Getenv(name)
			p.t.Setenv(name, value)
			defer p.t.Setenv(name, old)
		default:
			args = append(args, words[i])
		}
	}
	if len(args) < 2 || args[0] != "caddy" || args[1] != "clerk" {
		p.t.Fatalf("expected a command of caddy clerk, got %q", line)
	}
	out, errs, code := terminal.Run(args[2:]...)
	text := out + errs
	if piped {
		text = p.jq(strings.Trim(query, "'"), out)
	}
	if status {
		text += strconv.Itoa(code) + "\n"
	}
	return text
}

// jq answers the two queries of the page.
func (p *prompt) jq(query, out string) string {
	p.t.Helper()
	var text strings.Builder
	switch query {
	case ".gates[].reason":
		_, reasons := verdict(p.t, out)
		for _, reason := range reasons {
			fmt.Fprintln(&text, reason)
		}
	case `.gates[].checks[] | select(.result == "failed") | .name, .finding, .remedy`:
		var d diagnosis
		if err := json.Unmarshal([]byte(out), &d); err != nil {
			p.t.Fatal(err)
		}
		for _, gate := range d.Gates {
			for _, check := range gate.Checks {
				if check.Result == "failed" {
					fmt.Fprintf(&text, "%s\n%s\n%s\n", check.Name, check.Finding, check.Remedy)
				}
			}
		}
	default:
		p.t.Fatalf("expected a query that is answered here, got %s", query)
	}
	return text.String()
}
