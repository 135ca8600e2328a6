/**
 * The door for programs and the page for people: REST over the engine's public API, health, metrics. There is no authentication yet,
 * so it binds to this machine alone unless somebody says otherwise.
 */
@NullMarked
package dev.millrace.app.http;

import org.jspecify.annotations.NullMarked;
