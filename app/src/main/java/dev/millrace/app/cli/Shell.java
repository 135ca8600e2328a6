package dev.millrace.app.cli;

import dev.millrace.app.console.Console;
import dev.millrace.world.World;

/** What commands work with: where they write, what time it is, and the way to the engine. */
public record Shell(Console console, World world, Gate gate) {}
