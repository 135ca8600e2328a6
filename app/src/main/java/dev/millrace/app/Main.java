package dev.millrace.app;

/** Stands where the command line will be, so that build and launcher have something to start. */
final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.out.println("Millrace has no commands yet.");
    }
}
