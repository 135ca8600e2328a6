package dev.millrace.app.cli;

import dev.millrace.Handlers;
import dev.millrace.MillraceException;
import dev.millrace.NodeBuilder;
import dev.millrace.app.console.CommandFailed;
import dev.millrace.app.console.ExitCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Classes of the user's, out of jars, beside those of this program: the engine's types are the same for both. What goes wrong in them is told as what it is to
 * who built them. For one thread.
 */
final class UserCode implements AutoCloseable {

    /** Of classes that might have been meant. */
    private static final int TOLD = 3;

    /** Class files of Java 1.0 have the version 45. */
    private static final int BEFORE_JAVA_1 = 44;

    private static final Pattern CLASS_VERSION = Pattern.compile("class file version (\\d+)");

    private final List<Path> places;
    private final URLClassLoader loader;

    private UserCode(List<Path> places) {
        this.places = places;
        this.loader = new URLClassLoader(
                places.stream().map(UserCode::url).toArray(URL[]::new), UserCode.class.getClassLoader());
    }

    /**
     * Opens jars.
     *
     * @param given jars, and directories of jars or of compiled classes
     * @throws CommandFailed if one is not there, or is neither
     */
    static UserCode in(List<Path> given) {
        var places = new ArrayList<Path>();
        for (var one : given) {
            if (!Files.exists(one))
                throw usage(
                        "--jar %s: there is no such file. Build it first, or correct the path; it was looked for as %s."
                                .formatted(one, one.toAbsolutePath().normalize()));
            if (Files.isDirectory(one)) places.addAll(inDirectory(one));
            else places.add(jar(one));
        }
        return new UserCode(List.copyOf(places));
    }

    private static List<Path> inDirectory(Path directory) {
        var places = new ArrayList<Path>();
        try (var files = Files.list(directory)) {
            files.filter(file -> file.getFileName().toString().endsWith(".jar"))
                    .sorted()
                    .forEach(file -> places.add(jar(file)));
            if (classNames(directory).stream().findAny().isPresent()) places.addFirst(directory);
        } catch (IOException unread) {
            throw usage("--jar %s can't be read: %s.".formatted(directory, unread.getMessage()));
        }
        if (places.isEmpty())
            throw usage("--jar %s is a directory without a jar or a class in it. Name the one that the build writes to."
                    .formatted(directory));
        return places;
    }

    private static Path jar(Path file) {
        try (var opened = new JarFile(file.toFile(), false)) {
            assert opened.size() >= 0;
            return file;
        } catch (IOException | SecurityException no) {
            throw usage("--jar %s is no jar that can be read: %s.".formatted(file, no.getMessage()));
        }
    }

    private static URL url(Path place) {
        try {
            return place.toUri().toURL();
        } catch (MalformedURLException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /**
     * Runs some of it: with its class loader as that of the thread, and with what it prints kept away from the command's own output, where a program may read.
     *
     * @param what whose code it is, as in "The constructor of X"
     * @throws CommandFailed if it fails, with what that means
     */
    <T> T run(String what, Supplier<T> code) {
        var thread = Thread.currentThread();
        var before = thread.getContextClassLoader();
        var out = System.out;
        thread.setContextClassLoader(loader);
        System.setOut(System.err);
        try {
            return code.get();
        } catch (LinkageError broken) {
            throw broken(what, broken);
        } finally {
            System.setOut(out);
            thread.setContextClassLoader(before);
        }
    }

    /**
     * The handlers that a name stands for.
     *
     * @param name of a class that implements {@link Handlers} and has a constructor without parameters; or {@code CLASS::METHOD}, a static method that gives
     *     handlers, or takes a {@link NodeBuilder}
     * @throws CommandFailed if there is no such thing, or it throws
     */
    Handlers handlers(String name) {
        int colons = name.indexOf("::");
        var className = colons < 0 ? name : name.substring(0, colons);
        return run("The class " + className, () -> {
            var type = type(className);
            return colons < 0 ? instance(type) : method(type, name.substring(colons + 2));
        });
    }

    // ---- classes

    private Class<?> type(String name) {
        for (var tried = name; ; ) {
            try {
                return Class.forName(tried, false, loader);
            } catch (ClassNotFoundException | NoClassDefFoundError no) {
                // A nested class has a dollar where people, and their sources, write a dot; and case matters, also
                // where files don't know it.
                if (no instanceof NoClassDefFoundError broken
                        && !String.valueOf(broken.getMessage()).contains("wrong name")) throw broken;
                int dot = tried.lastIndexOf('.');
                if (dot < 0) throw notFound(name, no);
                tried = tried.substring(0, dot) + '$' + tried.substring(dot + 1);
            }
        }
    }

    private CommandFailed notFound(String name, Throwable cause) {
        var said = "There is no class %s in %s.".formatted(name, jars());
        if (places.stream().anyMatch(UserCode::isRepackaged))
            return new CommandFailed(
                    ExitCode.USAGE,
                    said
                            + " It is a Spring Boot jar, whose classes and libraries stand inside of it. Unpack it first: java -Djarmode=tools -jar app.jar extract --destination unpacked; then --jar unpacked --jar unpacked/lib.",
                    cause);
        return new CommandFailed(ExitCode.USAGE, said + " " + instead(name), cause);
    }

    private static boolean isRepackaged(Path place) {
        if (Files.isDirectory(place)) return false;
        try (var jar = new JarFile(place.toFile(), false)) {
            return jar.getEntry("BOOT-INF/classes/") != null;
        } catch (IOException unread) {
            return false; // it was read a moment ago; what is missing is told in any case
        }
    }

    /** Those that implement Handlers, the most alike first. */
    private String instead(String name) {
        var simple = simple(name);
        var found = places.stream()
                .flatMap(place -> classNames(place).stream())
                .filter(this::isHandlers)
                .distinct()
                .sorted(Comparator.comparingInt((String one) -> distance(simple(one), simple))
                        .thenComparing(Function.identity()))
                .toList();
        if (found.isEmpty())
            return "No class there implements dev.millrace.Handlers. Write one, with a constructor without parameters, that adds what your nodes run; or name a static method that takes a NodeBuilder: com.example.App::register.";
        return "%s dev.millrace.Handlers: %s%s."
                .formatted(
                        found.size() == 1 ? "This one there implements" : "These there implement",
                        found.stream().limit(TOLD).collect(Collectors.joining(", ")),
                        found.size() > TOLD ? ", and %,d more".formatted(found.size() - TOLD) : "");
    }

    private boolean isHandlers(String name) {
        try {
            var type = Class.forName(name, false, loader);
            return Handlers.class.isAssignableFrom(type)
                    && !type.isInterface()
                    && !Modifier.isAbstract(type.getModifiers());
        } catch (ClassNotFoundException | LinkageError unusable) {
            return false; // one of thousands, of libraries that are not there
        }
    }

    private static List<String> classNames(Path place) {
        try {
            if (Files.isDirectory(place)) {
                try (var files = Files.walk(place)) {
                    return named(
                            files.map(file -> place.relativize(file).toString().replace('\\', '/'))
                                    .toList());
                }
            }
            try (var jar = new JarFile(place.toFile(), false)) {
                return named(jar.stream().map(entry -> entry.getName()).toList());
            }
        } catch (IOException unread) {
            throw usage("--jar %s can't be read: %s.".formatted(place, unread.getMessage()));
        }
    }

    private static List<String> named(List<String> files) {
        return files.stream()
                .filter(file -> file.endsWith(".class")
                        && !file.endsWith("-info.class")
                        && !file.startsWith("META-INF/")
                        && !file.startsWith("BOOT-INF/"))
                .map(file ->
                        file.substring(0, file.length() - ".class".length()).replace('/', '.'))
                .toList();
    }

    private static String simple(String name) {
        return name.substring(Math.max(name.lastIndexOf('.'), name.lastIndexOf('$')) + 1);
    }

    /** How many letters have to be typed or deleted to make one of the other. */
    static int distance(String one, String other) {
        var row = new int[other.length() + 1];
        for (int i = 0; i < row.length; i++) row[i] = i;
        for (int i = 1; i <= one.length(); i++) {
            int corner = row[0];
            row[0] = i;
            for (int k = 1; k < row.length; k++) {
                int changed = corner + (one.charAt(i - 1) == other.charAt(k - 1) ? 0 : 1);
                corner = row[k];
                row[k] = Math.min(changed, 1 + Math.min(row[k], row[k - 1]));
            }
        }
        return row[other.length()];
    }

    // ---- what they give

    private Handlers instance(Class<?> type) {
        var name = type.getName();
        if (!Handlers.class.isAssignableFrom(type))
            throw usage(
                    "%s does not implement dev.millrace.Handlers.%s %s".formatted(name, fitting(type), instead(name)));
        if (type.isInterface() || Modifier.isAbstract(type.getModifiers()))
            throw usage("%s is abstract, so there is nothing to ask for its handlers. Name a class that extends it."
                    .formatted(name));
        if (type.isMemberClass() && !Modifier.isStatic(type.getModifiers()))
            throw usage("%s is an inner class, which needs an object of the class around it. Make it static."
                    .formatted(name));
        Constructor<?> constructor;
        try {
            constructor = type.getDeclaredConstructor();
        } catch (NoSuchMethodException none) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "%s has no constructor without parameters; it has %s. A check runs no handler, so one that passes what is never used would do: add it, or name a static method that makes the handlers, %s::forCheck."
                            .formatted(
                                    name,
                                    Arrays.stream(type.getDeclaredConstructors())
                                            .map(UserCode::shown)
                                            .collect(Collectors.joining(", ")),
                                    name),
                    none);
        }
        return (Handlers) Objects.requireNonNull(called("The constructor of " + name, () -> {
            constructor.setAccessible(true);
            return constructor.newInstance();
        }));
    }

    private Handlers method(Class<?> type, String name) {
        for (var method : type.getDeclaredMethods()) {
            if (!method.getName().equals(name) || !fits(method)) continue;
            var what = "%s::%s".formatted(type.getName(), name);
            method.setAccessible(true);
            if (method.getParameterCount() == 1)
                return node -> called(what, () -> {
                    method.invoke(null, node);
                    return node;
                });
            var given = (Handlers) called(what, () -> method.invoke(null));
            if (given == null) throw usage("%s gave null, and no handlers.".formatted(what));
            return given;
        }
        throw usage(
                "%s has no static method \"%s\" that takes a NodeBuilder, or gives a dev.millrace.Handlers and takes nothing.%s"
                        .formatted(type.getName(), name, fitting(type)));
    }

    /** Static methods of a class that could have been named. */
    private static String fitting(Class<?> type) {
        var fitting = Arrays.stream(type.getDeclaredMethods())
                .filter(method -> !method.isSynthetic() && fits(method))
                .map(method -> "%s::%s".formatted(type.getName(), method.getName()))
                .sorted()
                .toList();
        return fitting.isEmpty() ? "" : " It has %s.".formatted(String.join(", ", fitting));
    }

    private static boolean fits(Method method) {
        if (!Modifier.isStatic(method.getModifiers())) return false;
        var takes = method.getParameterTypes();
        return takes.length == 0
                ? Handlers.class.isAssignableFrom(method.getReturnType())
                : takes.length == 1 && takes[0].equals(NodeBuilder.class);
    }

    private static String shown(Constructor<?> constructor) {
        return Arrays.stream(constructor.getParameterTypes())
                .map(Class::getSimpleName)
                .collect(Collectors.joining(", ", simple(constructor.getName()) + "(", ")"));
    }

    /** A call by reflection. */
    private interface Call {
        @Nullable
        Object run() throws ReflectiveOperationException;
    }

    private @Nullable Object called(String what, Call call) {
        try {
            return call.run();
        } catch (InvocationTargetException thrown) {
            throw switch (thrown.getCause()) {
                case null -> threw(what, thrown);
                case LinkageError broken -> broken(what, broken);
                case CommandFailed told -> told;
                case MillraceException told -> told;
                case Throwable cause -> threw(what, cause);
            };
        } catch (ReflectiveOperationException closed) {
            throw new CommandFailed(
                    ExitCode.USAGE, "%s can't be called: %s.".formatted(what, closed.getMessage()), closed);
        }
    }

    // ---- what goes wrong in it

    /** Code of the user's has thrown. */
    static CommandFailed threw(String what, Throwable thrown) {
        return new CommandFailed(
                ExitCode.FAILED,
                "%s threw %s: %s. It is run to know the handlers, and nothing else is; give it what it needs, or name a method that makes the same handlers without. Nothing was looked at. --verbose shows where."
                        .formatted(
                                what,
                                thrown.getClass().getName(),
                                String.valueOf(thrown.getMessage()).replaceAll("\\.$", "")),
                thrown);
    }

    private CommandFailed broken(String what, LinkageError broken) {
        if (broken instanceof UnsupportedClassVersionError newer) return newer(newer);
        if (broken instanceof ExceptionInInitializerError failed && failed.getCause() != null)
            return threw("The static initializer behind " + what, failed.getCause());
        var message = String.valueOf(broken.getMessage());
        if (broken instanceof NoClassDefFoundError)
            return new CommandFailed(
                    ExitCode.USAGE,
                    "%s needs the class %s, which is not in %s. Add the jar that holds it, or the directory of all of them: --jar lib."
                            .formatted(what, message.replace('/', '.'), jars()),
                    broken);
        return new CommandFailed(
                ExitCode.FAILED,
                "%s does not fit this program: %s. It may have been compiled against another version of Millrace than this, %s."
                        .formatted(what, message, Version.NUMBER),
                broken);
    }

    private static CommandFailed newer(UnsupportedClassVersionError newer) {
        var message = String.valueOf(newer.getMessage());
        var version = CLASS_VERSION.matcher(message);
        int here = Runtime.version().feature();
        return new CommandFailed(
                ExitCode.USAGE,
                version.find()
                        ? "%s was compiled for Java %d, and this program runs on Java %d. Run it on a newer JDK, by JAVA_HOME, or compile with --release %3$d."
                                .formatted(
                                        message.split(" ", 2)[0].replace('/', '.'),
                                        Integer.parseInt(version.group(1)) - BEFORE_JAVA_1,
                                        here)
                        : "It was compiled for a newer Java than %d, which this program runs on: %s."
                                .formatted(here, message),
                newer);
    }

    private String jars() {
        var names = places.stream().limit(TOLD).map(Path::toString).collect(Collectors.joining(", "));
        return places.size() <= TOLD ? names : "%s and %,d more".formatted(names, places.size() - TOLD);
    }

    private static CommandFailed usage(String message) {
        return new CommandFailed(ExitCode.USAGE, message);
    }

    @Override
    public void close() {
        try {
            loader.close();
        } catch (IOException unclosed) {
            throw new UncheckedIOException("A jar could not be closed", unclosed);
        }
    }
}
