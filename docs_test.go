// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// page is a page of the documentation that has to name what the code knows.
type page struct {
	t    *testing.T
	file string
	text string
}

func openPage(t *testing.T, file string) page {
	t.Helper()
	data, err := os.ReadFile("docs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return page{t, file, string(data)}
}

func (p page) expect(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			p.t.Errorf("expected docs/%s to have %s", p.file, text)
		}
	}
}

func TestThePageOfTheDirectiveNamesEverySetting(t *testing.T) {
	p := openPage(t, "clerk_auth.md")
	for name := range new(Handler).parsers() {
		p.expect("| `"+name+"`", "\n\t"+name)
	}
	for _, kind := range requirementKinds {
		p.expect("| `require " + kind)
	}
	for _, header := range prefixedHeaders {
		p.expect("| `" + defaultIdentityPrefix + header.name + "` | `{http.clerk." + header.value + "}` |")
	}
}

func TestThePageOfTheMatcherNamesEveryCondition(t *testing.T) {
	p := openPage(t, "matcher.md")
	for _, word := range append([]string{matchSignedIn, matchTokenType}, requirementKinds...) {
		p.expect("`" + word)
	}
	for _, tokenType := range tokenTypes {
		p.expect("`" + tokenType + "`")
	}
}

// TestThePageOfTheGlobalOptionNamesTheEnvironment sets every variable and looks
// for what comes of it.
func TestThePageOfTheGlobalOptionNamesTheEnvironment(t *testing.T) {
	p := openPage(t, "global-option.md")
	variables := map[string]string{
		"CLERK_PUBLISHABLE_KEY": "publishable_key", "CLERK_SECRET_KEY": "secret_key", "CLERK_MACHINE_SECRET_KEY": "machine_secret_key",
		"CLERK_JWT_KEY": "jwt_key", "CLERK_API_URL": "api_url",
	}
	for variable, setting := range variables {
		t.Setenv(variable, variable)
		p.expect("| `" + variable + "` | `" + setting + "`")
	}
	want := Settings{
		PublishableKey: "CLERK_PUBLISHABLE_KEY", SecretKey: "CLERK_SECRET_KEY", MachineSecretKey: "CLERK_MACHINE_SECRET_KEY",
		JWTKey: "CLERK_JWT_KEY", APIURL: "CLERK_API_URL",
	}
	if got := environment(); !reflect.DeepEqual(got, want) {
		t.Errorf("expected %v, got %v; tell of it on the page, too", want, got)
	}
}

func TestThePageOfTheProxyNamesWhatIsSet(t *testing.T) {
	p := openPage(t, "clerk_proxy.md")
	for field := range fieldsOf(reflect.TypeFor[FrontendProxy]()) {
		if name, _, ok := strings.Cut(field.Tag.Get("json"), ","); ok {
			p.expect("| `" + name + "` |")
		}
	}
	for _, header := range append([]string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}, edgeHeaders...) {
		p.expect("`" + header + "`")
	}
	p.expect(proxiedMethods...)
	p.expect("`"+codePathMismatch+"`", "`"+codeRequestFailed+"`", "`"+DefaultProxyPath+"`", "`CLERK_FAPI_URL`")
}

func TestThePageOfPlaceholdersNamesThemAll(t *testing.T) {
	p := openPage(t, "placeholders.md")
	for name := range placeholderValues {
		p.expect("`{http.clerk." + name + "}`")
	}
	for name := range identityValues {
		p.expect("`{http.clerk."+name+"}`", "`"+name+"`")
	}
	p.expect(
		"`{http.auth.user.id}`", "`{http.auth.candidate.id}`", "`{http.auth.clerk.error}`", "`{http.auth.clerk.message}`",
		"`{http.clerk.claims.<path>}`",
	)
}

func TestThePageOfPlaceholdersNamesTheFieldsOfAccessLogs(t *testing.T) {
	p, line := openPage(t, "placeholders.md"), zapcore.NewMapObjectEncoder()
	s := &requestState{state: &authstate.State{Reason: "a", TokenType: "b", Grace: "c"}}
	if err := s.MarshalLogObject(line); err != nil {
		t.Fatal(err)
	}
	if len(line.Fields) != 3 {
		t.Errorf("expected three fields, got %v", line.Fields)
	}
	for field := range line.Fields {
		p.expect("| `" + field + "` |")
	}
}
