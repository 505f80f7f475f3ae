// Prints what Go's text/template with sprig and Alloy's functions makes of the templates on stdin, one JSON string a line:
// template, "parse", "exec" or "ok", output. In a module with github.com/Masterminds/sprig/v3: go run template.go < templates.ndjson
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

func main() {
	os.Setenv("TZ", "UTC")
	functions := sprig.TxtFuncMap()
	for name, function := range map[string]any{
		"ToLower": strings.ToLower, "ToUpper": strings.ToUpper, "Replace": strings.Replace, "Trim": strings.Trim,
		"TrimLeft": strings.TrimLeft, "TrimRight": strings.TrimRight, "TrimPrefix": strings.TrimPrefix,
		"TrimSuffix": strings.TrimSuffix, "TrimSpace": strings.TrimSpace,
		"Hash":     func(salt, text string) string { sum := sha3.Sum256([]byte(salt + text)); return hex.EncodeToString(sum[:]) },
		"Sha2Hash": func(salt, text string) string { sum := sha256.Sum256([]byte(salt + text)); return hex.EncodeToString(sum[:]) },
		"regexReplaceAll": func(re, text, to string) string { return regexp.MustCompile(re).ReplaceAllString(text, to) },
		"regexReplaceAllLiteral": func(re, text, to string) string {
			return regexp.MustCompile(re).ReplaceAllLiteralString(text, to)
		},
	} {
		functions[name] = function
	}
	data := map[string]any{"Value": "Some Value", "Entry": "the whole line", "app": "shop", "n": "42", "empty": "", "bad": "ä€😀", "html": `<a href="x">'&</a>`}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			panic(err)
		}
		parsed, err := template.New("main").Funcs(functions).Parse(text)
		if err != nil {
			out.Encode([]string{text, "parse", err.Error()})
			continue
		}
		var buffer bytes.Buffer
		if err := parsed.Execute(&buffer, data); err != nil {
			out.Encode([]string{text, "exec", err.Error()})
			continue
		}
		out.Encode([]string{text, "ok", buffer.String()})
	}
}
