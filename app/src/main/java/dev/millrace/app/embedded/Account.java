package dev.millrace.app.embedded;

import static dev.millrace.app.embedded.EmbeddedServerException.Reason.MISSING_LIBRARY;
import static dev.millrace.app.embedded.EmbeddedServerException.Reason.ROOT_REFUSED;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * As whom the server's programs run.
 *
 * <p>An ordinary user runs them as itself. PostgreSQL refuses to run as root, so for root they run, in this order,
 *
 * <ol>
 *   <li>as the owner of the cluster, if that is somebody else (an ordinary user's directory, opened with sudo);
 *   <li>in a user namespace without any mapping: the files stay root's, the programs see an ordinary user and have none
 *       of root's privileges;
 *   <li>where user namespaces are locked down (most containers), as {@code postgres} or {@code nobody}, who then owns
 *       the directory {@code postgres}; if that user can't get there (a home of root's), with the one privilege of
 *       passing by file permissions, which is no more than the namespace gives.
 * </ol>
 *
 * @param name who that is, for a person
 * @param prefix what goes before a command
 * @param user the numeric user that must own the server's files, or {@link #WHOEVER}
 */
record Account(String name, List<String> prefix, int user, int group) {

    private static final int WHOEVER = -1;
    private static final int ROOT = 0;
    private static final List<String> ORDINARY_USERS = List.of("postgres", "nobody");
    private static final Path USERS = Path.of("/etc/passwd");

    /** The first account that can run the server's programs in the server's directory. */
    static Account choose(Layout layout, Binaries binaries, Machine machine) {
        try {
            var program = Path.of(binaries.program("postgres"));
            if (!Files.isExecutable(program)) { // on a file system that is mounted "noexec", not even for root
                throw new AccessDeniedException(program.toString());
            }
            if (machine.platform().windows() || !Disk.thisProcessIsRoot()) {
                return ifItWorks(new Account("this user", List.of(), WHOEVER, WHOEVER), layout, binaries);
            }
            return chooseForRoot(layout, binaries, machine);
        } catch (IOException e) {
            throw Diagnosis.of("Preparing the server's directory", layout.postgres(), e);
        } catch (InterruptedException e) {
            throw EmbeddedServerException.interrupted("Preparing " + layout.postgres(), e);
        }
    }

    private static Account ifItWorks(Account account, Layout layout, Binaries binaries)
            throws IOException, InterruptedException {
        var tried = account.tryOut(layout, binaries);
        if (tried.succeeded()) {
            return account;
        }
        throw Diagnosis.ofServer("Trying out PostgreSQL's programs", layout.postgres(), tried.said());
    }

    private static Account chooseForRoot(Layout layout, Binaries binaries, Machine machine)
            throws IOException, InterruptedException {
        var files = Files.exists(layout.cluster()) ? layout.cluster() : layout.postgres();
        var owner = Disk.userOf(files);
        var candidates =
                owner == ROOT ? forFilesOfRoot(machine) : ordinary("user " + owner, owner, Disk.groupOf(files));
        var refusals = new ArrayList<String>();
        for (var candidate : candidates) {
            candidate.takeOver(layout);
            var tried = candidate.tryOut(layout, binaries);
            if (tried.succeeded()) {
                return candidate;
            }
            if (Diagnosis.reasonOf(tried.said(), layout.postgres()) == MISSING_LIBRARY) {
                throw Diagnosis.ofServer("Trying out PostgreSQL's programs", layout.postgres(), tried.said());
            }
            refusals.add("%s: %s".formatted(candidate.name, tried.said().strip()));
        }
        if (owner == ROOT) {
            Disk.giveTree(layout.postgres(), ROOT, ROOT);
        }
        throw new EmbeddedServerException(ROOT_REFUSED, """
                PostgreSQL does not run as root, and no way was found to run it as somebody else in %s (%s). Start \
                Millrace as an ordinary user with a directory of its own (--data), allow user namespaces, or use a \
                PostgreSQL of your own with --database jdbc:postgresql://….""".formatted(
                        layout.postgres(), refusals.isEmpty() ? "no user to try" : String.join("; ", refusals)));
    }

    private static List<Account> forFilesOfRoot(Machine machine) throws IOException {
        var candidates = new ArrayList<Account>();
        if (machine.userNamespaces()) {
            candidates.add(new Account("user namespace", List.of("unshare", "-U", "--"), ROOT, ROOT));
        }
        var users = Files.exists(USERS) ? Files.readAllLines(USERS) : List.<String>of();
        for (var name : ORDINARY_USERS) {
            for (var line : users) {
                var fields = line.split(":", -1);
                if (fields.length > 3 && fields[0].equals(name)) {
                    candidates.addAll(ordinary(name, Integer.parseInt(fields[2]), Integer.parseInt(fields[3])));
                }
            }
        }
        return candidates;
    }

    private static List<Account> ordinary(String name, int user, int group) {
        var become = List.of("setpriv", "--reuid=" + user, "--regid=" + group, "--clear-groups");
        var passingPermissions = new ArrayList<>(become);
        // Without the securebit, access(2) would not see the privilege, and initdb and sh ask that.
        passingPermissions.addAll(
                List.of("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"));
        return List.of(
                new Account(name, List.copyOf(become), user, group),
                new Account(name + " with dac_override", List.copyOf(passingPermissions), user, group));
    }

    /** Makes this account the owner of the server's files, and lets it get there as far as the way is ours. */
    private void takeOver(Layout layout) throws IOException {
        if (Disk.userOf(layout.postgres()) != user
                || (Files.exists(layout.cluster()) && Disk.userOf(layout.cluster()) != user)) {
            Disk.giveTree(layout.postgres(), user, group);
        }
        if (user != Disk.userOf(layout.data())) {
            var permissions = Files.getPosixFilePermissions(layout.data());
            if (permissions.addAll(Set.of(PosixFilePermission.GROUP_EXECUTE, PosixFilePermission.OTHERS_EXECUTE))) {
                Files.setPosixFilePermissions(layout.data(), permissions);
            }
        }
    }

    private Programs.Result tryOut(Layout layout, Binaries binaries) throws InterruptedException {
        var programs = new Programs(this, layout.postgres(), binaries);
        try {
            return prefix.isEmpty()
                    ? programs.run(Duration.ofSeconds(20), "initdb", "--version")
                    : programs.runShell(
                            Duration.ofSeconds(20), "cd \"$1\" && \"$2\" --version", layout.postgres(), "initdb");
        } catch (IOException e) {
            return new Programs.Result(127, String.valueOf(e.getMessage())); // no such tool on this machine
        }
    }
}
